#include "bindings/runtime/error.h"

#include "bindings/runtime/debug.h"

#include <cstdlib>
#include <cstring>
#include <fstream>
#include <string_view>

namespace hfc::lua {
namespace {

/// Chunks of the prelude are named "=hfc:options.lua".
constexpr std::string_view prelude_prefix = "=hfc:";

char main_state_key;

bool belongs_to_script(const lua_Debug& frame) {
    return std::strcmp(frame.what, "C") != 0 &&
           !std::string_view(frame.source).starts_with(prelude_prefix);
}

}  // namespace

void remember_main_state(lua_State* L) {
    lua_pushlightuserdata(L, &main_state_key);
    lua_pushlightuserdata(L, L);
    lua_rawset(L, LUA_REGISTRYINDEX);
}

lua_State* main_state(lua_State* L) {
    lua_pushlightuserdata(L, &main_state_key);
    lua_rawget(L, LUA_REGISTRYINDEX);
    auto* state = static_cast<lua_State*>(lua_touserdata(L, -1));
    lua_pop(L, 1);
    return state;
}

Reference::Reference(lua_State* L) {
    // A coroutine may be gone when the value is let go.
    lua_State* owner = main_state(L);
    index_ =
        std::shared_ptr<int>(new int(luaL_ref(L, LUA_REGISTRYINDEX)), [owner](const int* index) {
            luaL_unref(owner, LUA_REGISTRYINDEX, *index);
            delete index;
        });
}

LuaError::LuaError(lua_State* L) {
    const char* text = lua_tostring(L, -1);
    text_ = text != nullptr ? text : lua_typename(L, lua_type(L, -1));
    value_ = Reference(L);
}

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

std::string with_source_line(const std::string& text) {
    constexpr std::string_view suffix = ".lua:";
    const size_t first_end = std::min(text.find('\n'), text.size());
    const size_t found = text.find(suffix);
    if (found >= first_end) {
        return text;
    }
    const size_t number_at = found + suffix.size();
    const int number = std::atoi(text.c_str() + number_at);
    std::ifstream file(text.substr(0, number_at - 1));
    std::string line;
    int at = 0;
    while (at < number && std::getline(file, line)) {
        ++at;
    }
    const size_t begin = line.find_first_not_of(" \t");
    if (at < number || number < 1 || begin == std::string::npos) {
        return text;
    }
    constexpr size_t longest = 160;
    return text.substr(0, first_end) + "\n    " + line.substr(begin, longest) +
           text.substr(first_end);
}

void protected_call(lua_State* L, int arguments, int results) {
    if (lua_pcall(L, arguments, results, 0) != 0) {
        throw LuaError(L);
    }
}

int add_traceback(lua_State* L) {
    if (lua_type(L, 1) != LUA_TSTRING) {
        return 1;
    }
    std::string text = lua_tostring(L, 1);
    std::string frames;
    const bool with_locals = debugging(L);
    lua_Debug frame = {};
    for (int level = 1; lua_getstack(L, level, &frame) != 0; ++level) {
        lua_getinfo(L, "Sln", &frame);
        if (!belongs_to_script(frame)) {
            continue;
        }
        const bool main_chunk = std::strcmp(frame.what, "main") == 0;
        const std::string where =
            main_chunk              ? "in main chunk"
            : frame.name != nullptr ? "in '" + std::string(frame.name) + "'"
                                    : "in a function of line " + std::to_string(frame.linedefined);
        frames += "\n  " + std::string(frame.short_src) + ":" + std::to_string(frame.currentline) +
                  ": " + where;
        if (with_locals) {
            frames += locals_of(L, frame);
        }
    }
    if (!frames.empty()) {
        text += "\ntraceback:" + frames;
    }
    lua_pushlstring(L, text.data(), text.size());
    return 1;
}

}  // namespace hfc::lua
