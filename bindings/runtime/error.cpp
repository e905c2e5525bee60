#include "bindings/runtime/error.h"

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <string_view>

namespace hfc::lua {

LuaError::LuaError(lua_State* L) {
    // lua_tostring would convert a number to a string in place.
    text_ = lua_type(L, -1) == LUA_TSTRING ? lua_tostring(L, -1) : lua_typename(L, lua_type(L, -1));
    value_ = Reference(L);
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

std::string with_hint(const std::string& text) {
    struct Hint {
        std::string_view first;   ///< the message must contain this text
        std::string_view second;  ///< and this one
        std::string_view advice;
    };
    static constexpr Hint hints[] = {
        {"attempt to compare", "userdata",
         "Lua cannot compare tensors with <, <=, > or >=: write x:lt(y), x:le(y), x:gt(y) or "
         "x:ge(y)"},
        {"near '&'", "", "Lua has no & operator: write x:logical_and(y) or x:bitwise_and(y)"},
        {"near '|'", "", "Lua has no | operator: write x:logical_or(y) or x:bitwise_or(y)"},
        {"near '@'", "", "Lua has no @ operator: write torch.matmul(x, y)"},
        {"near '!'", "", "Lua has no ! operator: write ~= instead of !=, and not x instead of !x"},
        {"near '/'", "", "Lua has no // operator: write math.floor(a / b), or x:floor_divide(y)"},
    };
    const size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = std::string_view(text).substr(0, end);
    for (const auto& [first, second, advice] : hints) {
        if (line.find(first) != line.npos && line.find(second) != line.npos) {
            return text.substr(0, end) + "\n    (" + std::string(advice) + ")" + text.substr(end);
        }
    }
    return text;
}

}  // namespace hfc::lua
