// The checked arguments and the results of one call to a binding.
#pragma once

#include "base/error.h"
#include "bindings/runtime/types.h"

#include <lua.hpp>

#include <cstdint>
#include <string>
#include <vector>

namespace at {
class Tensor;
}

namespace hfc::lua {

/// Pushes a tensor (bindings/torch/tensor.h); declared here so that lists and results can
/// contain tensors.
void push(lua_State* L, const at::Tensor& tensor);

/// Pushes a value of a plain C++ type.
inline void push(lua_State* L, double value) {
    lua_pushnumber(L, value);
}
inline void push(lua_State* L, int64_t value) {
    lua_pushnumber(L, static_cast<double>(value));
}
inline void push(lua_State* L, int value) {
    lua_pushnumber(L, value);
}
inline void push(lua_State* L, bool value) {
    lua_pushboolean(L, value);
}
inline void push(lua_State* L, const char* value) {
    lua_pushstring(L, value);
}
inline void push(lua_State* L, const std::string& value) {
    lua_pushlstring(L, value.data(), value.size());
}
template <typename T>
void push(lua_State* L, const std::vector<T>& values) {
    lua_createtable(L, static_cast<int>(values.size()), 0);
    for (size_t i = 0; i < values.size(); ++i) {
        push(L, values[i]);
        lua_rawseti(L, -2, static_cast<int>(i) + 1);
    }
}

/// Sets a field of the table on the top of the stack.
template <typename T>
void set_field(lua_State* L, const char* key, const T& value) {
    push(L, value);
    lua_setfield(L, -2, key);
}

/// A value at a stack index, with its name for messages: "argument 1 (model)", "option 'radius'".
class Value {
  public:
    Value(lua_State* L, int index, std::string name)
        : L_(L), index_(index), name_(std::move(name)) {}

    bool given() const { return !lua_isnoneornil(L_, index_); }
    int index() const { return index_; }
    /// For example "argument 1 (model)". Messages about the value start with this name.
    const std::string& name() const { return name_; }

    /// Each of these throws Error "NAME: expected ..., got ..." if the value has the wrong type.
    double number() const;
    int64_t integer() const;  ///< a number without a fraction, within +-2^53
    bool boolean() const;
    std::string text() const;
    std::vector<double> numbers() const;  ///< a number or a list of numbers
    std::vector<std::string> texts() const;
    template <typename T>
    T& object() const {
        if (T* found = to_object<T>(L_, index_)) {
            return *found;
        }
        expected_object(type_name<T>);
    }
    [[noreturn]] void expected(const std::string& what) const;
    [[noreturn]] void expected(const std::string& what, const std::string& got) const;

  private:
    [[noreturn]] void expected_object(const std::string& type) const;

    lua_State* L_;
    int index_;
    std::string name_;
};

/// The table of named options of a call, if there is one. Each getter registers its key; finish()
/// throws for keys that no getter has registered.
class Options {
  public:
    /// If index is 0, no table was given, and all options have their defaults.
    Options(lua_State* L, int index) : L_(L), index_(index) {}

    double number(const char* key, double fallback);
    int64_t integer(const char* key, int64_t fallback);
    bool boolean(const char* key, bool fallback);
    std::string text(const char* key, const std::string& fallback);
    std::vector<double> numbers(const char* key, std::vector<double> fallback);
    std::vector<std::string> texts(const char* key, std::vector<std::string> fallback);
    template <typename T>
    T* object(const char* key) {
        T* found = nullptr;
        with(key, [&](const Value& value) { found = &value.object<T>(); });
        return found;
    }

    /// If the key is given, calls work(Value) with the value on the top of the stack; the stack is
    /// balanced afterwards.
    template <typename Work>
    void with(const char* key, Work&& work) {
        known_.push_back(key);
        if (index_ == 0) {
            return;
        }
        lua_getfield(L_, index_, key);
        const int top = lua_gettop(L_);
        if (!lua_isnil(L_, -1)) {
            work(Value(L_, top, fmt::format("option '{}'", key)));
        }
        lua_settop(L_, top - 1);
    }

    /// Registers a key without reading it.
    void know(const char* key) { known_.push_back(key); }

    /// Allows the table to contain a list of up to `length` elements in addition to its named
    /// options.
    void allow_list(int length) { list_ = length; }

    /// Throws Error if there is an unknown key. The message names the first unknown key, the most
    /// similar known key and all known keys.
    void finish() const;

  private:
    lua_State* L_;
    int index_;
    int list_ = 0;
    std::vector<std::string> known_;
};

class Call {
  public:
    Call(lua_State* state, const char* function)
        : L(state), name(function), count_(lua_gettop(state)) {}

    lua_State* const L;
    const char* const name;

    int count() const { return count_; }
    bool given(int position) const { return position <= count_ && !lua_isnil(L, position); }

    /// The argument at a position counted from one; `parameter` is its name in the documentation.
    /// The object of a method is at position 1.
    Value argument(int position, const char* parameter) const;
    /// The table of options at a position, if there is one. Throws Error if there is an argument
    /// that is not a table.
    Options options(int position) const;
    /// Throws Error if there are more arguments.
    void at_most(int arguments) const;

    /// Pushes results and returns their number.
    template <typename... Results>
    int returns(const Results&... results) const {
        (push(L, results), ...);
        return sizeof...(results);
    }
    /// Pushes a new object.
    template <typename T>
    int returns_object(T object) const {
        push_object(L, std::move(object));
        return 1;
    }

  private:
    int count_;
};

}  // namespace hfc::lua
