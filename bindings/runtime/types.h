// C++ objects in Lua: typed userdata that contain the object itself.
#pragma once

#include <lua.hpp>

#include <new>
#include <string>
#include <utility>

namespace hfc::lua {

/// The name of the type in the API, specialised for each type that Lua can hold: `template <>
/// inline constexpr const char* type_name<data::Dataset> = "Dataset";`
template <typename T>
inline constexpr const char* type_name = nullptr;

namespace detail {
/// Its address identifies the userdata that contain a T, and is the registry key of T's metatable.
template <typename T>
inline char type_key = 0;

/// The contents of a userdata: the identifier first, so that a type check is a single comparison
/// without a look-up.
template <typename T>
struct Box {
    static_assert(alignof(T) <= 8, "LuaJIT aligns userdata to 8 bytes");
    void* key;  ///< &type_key<T>; nullptr once the object is destroyed
    T object;
};

void make_metatable(lua_State* L, const char* name, void* key, lua_CFunction collect);

template <typename T>
Box<T>* to_box(lua_State* L, int index) {
    if (lua_type(L, index) != LUA_TUSERDATA || lua_objlen(L, index) != sizeof(Box<T>)) {
        return nullptr;
    }
    auto* box = static_cast<Box<T>*>(lua_touserdata(L, index));
    return box->key == &type_key<T> ? box : nullptr;
}

template <typename T>
int collect(lua_State* L) {
    if (Box<T>* box = to_box<T>(L, 1)) {
        // Code that still holds this userdata gets a type error, not a freed object.
        box->key = nullptr;
        box->object.~T();
    }
    return 0;
}
}  // namespace detail

/// Registers T in the state. Call it once, before its methods are declared.
template <typename T>
void register_type(lua_State* L) {
    static_assert(type_name<T> != nullptr, "specialise hfc::lua::type_name for this type");
    detail::make_metatable(L, type_name<T>, &detail::type_key<T>, detail::collect<T>);
}

/// Pushes the table of methods of the type with this name. Throws std::logic_error for a type that
/// is not registered.
void push_methods_of(lua_State* L, const std::string& name);

/// Pushes the metatable of the type with this name.
void push_metatable_of(lua_State* L, const std::string& name);

/// Makes `get` the type's __index; the previous table of methods becomes its upvalue. `get` must
/// start with a call to push_method().
void set_field_access(lua_State* L, const std::string& name, lua_CFunction get);

/// In an __index function: leaves the object and the key on the stack and, if the key is the name
/// of a method, pushes the method. Returns whether a method was pushed.
bool push_method(lua_State* L);

/// Pushes a new userdata that contains a T constructed in place from `args`.
template <typename T, typename... Args>
T& emplace_object(lua_State* L, Args&&... args) {
    using Box = detail::Box<T>;
    auto* box = new (lua_newuserdata(L, sizeof(Box)))
        Box{&detail::type_key<T>, T(std::forward<Args>(args)...)};
    lua_pushlightuserdata(L, &detail::type_key<T>);
    lua_rawget(L, LUA_REGISTRYINDEX);
    lua_setmetatable(L, -2);
    return box->object;
}

/// Pushes a new userdata that contains `object`.
template <typename T>
void push_object(lua_State* L, T object) {
    emplace_object<T>(L, std::move(object));
}

/// The object at `index`, or nullptr if the value there is not a T.
template <typename T>
T* to_object(lua_State* L, int index) {
    auto* box = detail::to_box<T>(L, index);
    return box == nullptr ? nullptr : &box->object;
}

struct Exit;
void push(lua_State* L, const Exit& exit);

/// Describes the value at `index` for messages: "nil", "number 3", "string 'abc'", "a Dataset", "a
/// table".
std::string describe(lua_State* L, int index);

/// "a Dataset", "an Attack", "an LRScheduler".
std::string with_article(const std::string& type);

}  // namespace hfc::lua
