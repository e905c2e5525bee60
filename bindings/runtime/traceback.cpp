// Where an error came from: the frames of the script, and the layers of networks written in Lua.
#include "base/error.h"
#include "base/interrupt.h"
#include "bindings/runtime/debug.h"
#include "bindings/runtime/error.h"
#include "bindings/runtime/types.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <vector>

namespace hfc::lua {
namespace {

/// Chunks of the prelude are named "=hfc:options.lua".
constexpr std::string_view prelude_prefix = "=hfc:";

bool belongs_to_script(const lua_Debug& frame) {
    return std::strcmp(frame.what, "C") != 0 &&
           !std::string_view(frame.source).starts_with(prelude_prefix);
}

/// Replaces the table on the top of the stack with the value of its raw field `key`.
void replace_by_field(lua_State* L, const char* key) {
    lua_pushstring(L, key);
    lua_rawget(L, -2);
    lua_remove(L, -2);
}

/// The name of the class of the module at `index`; "" for anything other than a module.
std::string class_of(lua_State* L, int index) {
    std::string name;
    if (lua_istable(L, index) && lua_getmetatable(L, index) != 0) {
        replace_by_field(L, "name");
        if (lua_type(L, -1) == LUA_TSTRING) {
            name = lua_tostring(L, -1);
        }
        lua_pop(L, 1);
    }
    return name;
}

/// If the frame calls a module, pushes the module and returns true; otherwise pushes nothing and
/// returns false. A frame that calls a module runs the prelude's __call, which is in the metatable
/// of its first argument.
bool push_called_module(lua_State* L, const lua_Debug& frame) {
    if (!std::string_view(frame.source).starts_with(prelude_prefix) ||
        lua_getlocal(L, &frame, 1) == nullptr) {
        return false;
    }
    const int module = lua_gettop(L);
    bool calls = false;
    if (!class_of(L, module).empty()) {
        lua_getmetatable(L, module);
        replace_by_field(L, "__call");
        lua_Debug copy = frame;
        lua_getinfo(L, "f", &copy);
        calls = lua_rawequal(L, -1, -2) != 0;
    }
    lua_settop(L, calls ? module : module - 1);
    return calls;
}

/// The path to the module at `child` from the module at `parent`, through the fields of modules:
/// "fc", "layers.2". "" if it is not found.
std::string find_path(lua_State* L, int parent, int child, int depth) {
    std::string path;
    luaL_checkstack(L, 8, "modules nested too deeply");
    lua_pushnil(L);
    while (path.empty() && lua_next(L, parent) != 0) {
        const int value = lua_gettop(L);
        if (lua_type(L, value - 1) == LUA_TSTRING && !class_of(L, value).empty()) {
            const std::string name = lua_tostring(L, value - 1);
            if (lua_rawequal(L, value, child) != 0) {
                path = name;
            } else if (depth > 0) {
                const std::string below = find_path(L, value, child, depth - 1);
                path = below.empty() ? "" : name + "." + below;
            }
        }
        lua_pop(L, 1);
    }
    lua_pop(L, path.empty() ? 0 : 1);  // the key, if the loop ended early
    return path;
}

/// "in layer 'fc' (Linear) of Net" for a frame that calls a module; "" for any other frame. `level`
/// is the level of the frame.
std::string layer_of(lua_State* L, const lua_Debug& frame, int level) {
    if (!push_called_module(L, frame)) {
        return "";
    }
    const int module = lua_gettop(L);
    std::string text = "in " + class_of(L, module);
    lua_Debug outer = {};
    for (int i = level + 1; lua_getstack(L, i, &outer) != 0; ++i) {
        lua_getinfo(L, "S", &outer);
        if (!push_called_module(L, outer)) {
            continue;
        }
        constexpr int deepest = 4;
        const std::string path = find_path(L, module + 1, module, deepest);
        if (!path.empty()) {
            text = fmt::format("in layer '{}' ({}) of {}", path, class_of(L, module),
                               class_of(L, module + 1));
        }
        break;
    }
    lua_settop(L, module - 1);
    return text;
}

std::string script_frame(lua_State* L, const lua_Debug& frame) {
    const bool main_chunk = std::strcmp(frame.what, "main") == 0;
    const std::string where =
        main_chunk ? "in main chunk"
        : frame.name != nullptr
            ? fmt::format("in '{}'", frame.name)
            : fmt::format("in a function defined at line {}", frame.linedefined);
    std::string text = fmt::format("{}:{}: {}", frame.short_src, frame.currentline, where);
    return debugging(L) ? text + locals_of(L, frame) : text;
}

/// The frames from `level` on, each after "\n  ". The middle of a very long list, for example after
/// an endless recursion, is left out.
std::string frames_from(lua_State* L, int level) {
    constexpr size_t first = 40;
    constexpr size_t last = 10;
    std::string text;
    std::vector<std::string> end;
    size_t count = 0;
    lua_Debug frame = {};
    for (; lua_getstack(L, level, &frame) != 0; ++level) {
        lua_getinfo(L, "Sln", &frame);
        std::string line =
            belongs_to_script(frame) ? script_frame(L, frame) : layer_of(L, frame, level);
        if (line.empty()) {
            continue;
        }
        if (++count <= first) {
            text += "\n  " + line;
        } else {
            end.push_back(std::move(line));
            if (end.size() > 2 * last) {
                end.erase(end.begin(), end.end() - last);
            }
        }
    }
    const size_t shown = std::min(end.size(), last);
    if (count > first + shown) {
        text += fmt::format("\n  ... {} more", count - first - shown);
    }
    for (size_t i = end.size() - shown; i < end.size(); ++i) {
        text += "\n  " + end[i];
    }
    return text;
}

/// The frames of the last error that passed from a callback to C++, recorded at that moment. The
/// error value itself is in a weak table of the registry.
struct Thrown {
    std::string position;
    std::string frames;
    const lua_State* state = nullptr;
};

Thrown last_thrown;
char thrown_key;

void push_thrown_value(lua_State* L) {
    lua_pushlightuserdata(L, &thrown_key);
    lua_rawget(L, LUA_REGISTRYINDEX);
    if (lua_istable(L, -1)) {
        lua_rawgeti(L, -1, 1);
        lua_remove(L, -2);
    } else {
        lua_pop(L, 1);
        lua_pushnil(L);
    }
}

void remember_thrown(lua_State* L, int index, Thrown thrown) {
    lua_createtable(L, 1, 0);
    lua_createtable(L, 0, 1);
    lua_pushliteral(L, "v");
    lua_setfield(L, -2, "__mode");
    lua_setmetatable(L, -2);
    lua_pushvalue(L, index);
    lua_rawseti(L, -2, 1);
    lua_pushlightuserdata(L, &thrown_key);
    lua_insert(L, -2);
    lua_rawset(L, LUA_REGISTRYINDEX);
    last_thrown = std::move(thrown);
}

/// The frames of `state` for the error value at the bottom of L's stack. If the value came through
/// C++ or out of a coroutine, the stack no longer contains all frames. In that case, adds the
/// frames of the callback that threw the error.
Thrown frames_of(lua_State* L, lua_State* state, int level) {
    Thrown here{script_position(state), frames_from(state, level), state};
    push_thrown_value(L);
    const bool same = lua_rawequal(L, 1, -1) != 0;
    lua_pop(L, 1);
    if (!same || last_thrown.frames.empty()) {
        return here;
    }
    if (last_thrown.state != state) {
        here.frames = last_thrown.frames + here.frames;
        here.position = last_thrown.position;
    } else if (last_thrown.frames.ends_with(here.frames)) {
        here = last_thrown;
    }
    return here;
}

/// Message handler of protected_call: stores the frames and returns the error value unchanged.
int keep_frames(lua_State* L) {
    if (!must_stop()) {
        luaL_checkstack(L, 16, "error in a callback");
        remember_thrown(L, 1, frames_of(L, L, 1));
    }
    lua_settop(L, 1);
    return 1;
}

std::string describe_key(lua_State* L, int index) {
    return lua_type(L, index) == LUA_TSTRING ? lua_tostring(L, index)
                                             : fmt::format("[{}]", describe(L, index));
}

std::string describe_field(lua_State* L, int index) {
    switch (lua_type(L, index)) {
        case LUA_TNUMBER:
            return fmt::format("{:.14g}", lua_tonumber(L, index));
        case LUA_TSTRING:
            return fmt::format("\"{}\"", lua_tostring(L, index));
        default:
            return describe(L, index);
    }
}

std::string describe_fields(lua_State* L, int index) {
    constexpr int most = 8;
    std::string text;
    int count = 0;
    lua_pushnil(L);
    while (lua_next(L, index) != 0) {
        if (++count <= most) {
            const int value = lua_gettop(L);
            text += fmt::format("{}{} = {}", text.empty() ? "" : ", ", describe_key(L, value - 1),
                                describe_field(L, value));
        }
        lua_pop(L, 1);
    }
    return "{" + text + (count > most ? fmt::format(", ... {} more", count - most) : "") + "}";
}

/// The result of the __tostring of the value at `index`; nothing if there is no __tostring or if it
/// fails.
std::optional<std::string> own_text(lua_State* L, int index) {
    if (lua_getmetatable(L, index) == 0) {
        return std::nullopt;
    }
    std::optional<std::string> text;
    replace_by_field(L, "__tostring");
    if (!lua_isnil(L, -1)) {
        lua_pushvalue(L, index);
        if (lua_pcall(L, 1, 1, 0) == 0 && lua_type(L, -1) == LUA_TSTRING) {
            text = lua_tostring(L, -1);
        }
    }
    lua_pop(L, 1);
    return text;
}

}  // namespace

std::string script_position(lua_State* L) {
    lua_Debug frame = {};
    for (int level = 0; lua_getstack(L, level, &frame) != 0; ++level) {
        lua_getinfo(L, "Sl", &frame);
        if (belongs_to_script(frame) && frame.currentline > 0) {
            return std::string(frame.short_src) + ":" + std::to_string(frame.currentline) + ": ";
        }
    }
    return "";
}

std::string describe_error(lua_State* L, int index) {
    luaL_checkstack(L, 8, "an error value");
    if (lua_type(L, index) == LUA_TSTRING) {
        return lua_tostring(L, index);
    }
    std::string text;
    if (auto own = own_text(L, index)) {
        text = std::move(*own);
    } else if (lua_istable(L, index)) {
        text = "error value: " + describe_fields(L, index);
    } else if (lua_isnil(L, index)) {
        text = "error value: nil";
    } else {
        text = "error value: " + describe(L, index);
    }
    constexpr size_t longest = 2000;
    return text.size() > longest ? text.substr(0, longest) + " ..." : text;
}

/// Counts the nested calls of scripts' functions on this thread.
class CallbackDepth {
  public:
    CallbackDepth() {
        // Each call uses about 20 to 60 KB of a stack of 8 MB.
        constexpr int deepest = 60;
        if (depth_ >= deepest) {
            fail("the script's callbacks are nested more than {} levels deep", deepest);
        }
        ++depth_;
    }
    ~CallbackDepth() { --depth_; }
    CallbackDepth(const CallbackDepth&) = delete;
    CallbackDepth& operator=(const CallbackDepth&) = delete;

  private:
    static thread_local int depth_;
};

thread_local int CallbackDepth::depth_ = 0;

void protected_call(lua_State* L, int arguments, int results) {
    const CallbackDepth depth;
    const int handler = lua_gettop(L) - arguments;
    lua_pushcfunction(L, keep_frames);
    lua_insert(L, handler);
    const int status = lua_pcall(L, arguments, results, handler);
    lua_remove(L, handler);
    if (status == 0) {
        return;
    }
    if (interrupt_requested() && to_object<Exit>(L, -1) == nullptr) {
        lua_pop(L, 1);
        throw Interrupted();
    }
    throw LuaError(L);
}

int keep_frames_of_coroutine(lua_State* L) {
    lua_State* coroutine = lua_tothread(L, 1);
    if (coroutine != nullptr && !must_stop() && lua_checkstack(coroutine, 16) != 0) {
        lua_remove(L, 1);
        remember_thrown(L, 1, frames_of(L, coroutine, 0));
    }
    return 0;
}

int add_traceback(lua_State* L) {
    if (to_object<Exit>(L, 1) != nullptr) {
        return 1;
    }
    luaL_checkstack(L, 16, "an error");
    const Thrown thrown = frames_of(L, L, 1);
    std::string text = describe_error(L, 1);
    if (lua_type(L, 1) != LUA_TSTRING) {
        text = thrown.position + text;
    }
    if (!thrown.frames.empty()) {
        text += "\ntraceback:" + thrown.frames;
    }
    lua_pushlstring(L, text.data(), text.size());
    return 1;
}

}  // namespace hfc::lua
