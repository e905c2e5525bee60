#include "bindings/runtime/debug.h"

#include "bindings/runtime/state.h"
#include "bindings/runtime/types.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>

namespace hfc::lua {
namespace {

std::string shown_value(lua_State* L, int index) {
    if (auto shown = api_of(L).show(L, index); !shown.empty()) {
        return shown;
    }
    switch (lua_type(L, index)) {
        case LUA_TNUMBER:
            return fmt::format("{:.14g}", lua_tonumber(L, index));
        case LUA_TSTRING: {
            const std::string text = lua_tostring(L, index);
            return '"' + (text.size() > 60 ? text.substr(0, 57) + "..." : text) + '"';
        }
        default:
            return describe(L, index);
    }
}

}  // namespace

bool debugging(lua_State* L) {
    return host_info(L).debug;
}

std::string locals_of(lua_State* L, const lua_Debug& frame) {
    std::string text;
    for (int i = 1; const char* name = lua_getlocal(L, &frame, i); ++i) {
        // Lua's own variables, such as a loop's counter, have names like "(for index)".
        if (name[0] != '(') {
            text += fmt::format("\n      {} = {}", name, shown_value(L, lua_gettop(L)));
        }
        lua_pop(L, 1);
    }
    return text;
}

std::string origin_of(const std::exception& error) {
    constexpr std::string_view begin = "Exception raised from ";
    const std::string_view text = error.what();
    const size_t found = text.find(begin);
    if (found == std::string_view::npos) {
        return "";
    }
    const auto rest = text.substr(found + begin.size());
    return std::string(rest.substr(0, std::min(rest.find(" (most recent"), rest.find('\n'))));
}

}  // namespace hfc::lua
