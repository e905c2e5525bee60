#include "bindings/torch/python_arguments.h"

#include <algorithm>
#include <cmath>

namespace hfc::lua {
namespace {

/// A table that is neither a list nor an object.
bool is_table_of_names(lua_State* L, int index) {
    if (!lua_istable(L, index) || lua_objlen(L, index) > 0) {
        return false;
    }
    const bool object = lua_getmetatable(L, index) != 0;
    if (object) {
        lua_pop(L, 1);
    }
    return !object;
}

}  // namespace

PythonArguments::PythonArguments(Call& call, std::vector<const char*> names)
    : L_(call.L), names_(std::move(names)), positional_(call.count()) {
    luaL_checkstack(L_, static_cast<int>(names_.size()) + 8, "too many arguments");
    if (positional_ > 1 && is_table_of_names(L_, positional_)) {
        table_ = positional_--;
    }
    require(positional_ <= static_cast<int>(names_.size()), "too many arguments; expected {}",
            fmt::join(names_, ", "));
    if (table_ == 0) {
        return;
    }
    const std::vector<std::string> known(names_.begin(), names_.end());
    lua_pushnil(L_);
    while (lua_next(L_, table_) != 0) {
        lua_pop(L_, 1);
        const std::string key =
            lua_type(L_, -1) == LUA_TSTRING ? lua_tostring(L_, -1) : describe(L_, -1);
        require(std::ranges::find(known, key) != known.end(),
                "unknown argument '{}'{}; expected {}", key, did_you_mean(key, known),
                fmt::join(names_, ", "));
    }
}

std::optional<Value> PythonArguments::find(const char* name) {
    const auto place = std::ranges::find(names_, std::string_view(name));
    const int position = static_cast<int>(place - names_.begin()) + 1;
    if (position <= positional_ && !lua_isnil(L_, position)) {
        return Value(L_, position, fmt::format("argument {} ({})", position, name));
    }
    if (table_ == 0) {
        return std::nullopt;
    }
    lua_getfield(L_, table_, name);
    if (lua_isnil(L_, -1)) {
        lua_pop(L_, 1);
        return std::nullopt;
    }
    return Value(L_, lua_gettop(L_), fmt::format("argument '{}'", name));
}

Value PythonArguments::value(const char* name) {
    const auto found = find(name);
    require(found.has_value(), "argument '{}' is missing; expected {}", name,
            fmt::join(names_, ", "));
    return *found;
}

double PythonArguments::number(const char* name, double fallback) {
    const auto found = find(name);
    return found ? found->number() : fallback;
}

int64_t PythonArguments::integer(const char* name, int64_t fallback) {
    const auto found = find(name);
    return found ? found->integer() : fallback;
}

bool PythonArguments::boolean(const char* name, bool fallback) {
    const auto found = find(name);
    return found ? found->boolean() : fallback;
}

std::string PythonArguments::text(const char* name, const std::string& fallback) {
    const auto found = find(name);
    return found ? found->text() : fallback;
}

std::vector<double> PythonArguments::numbers(const char* name, std::vector<double> fallback) {
    const auto found = find(name);
    return found ? found->numbers() : fallback;
}

std::vector<int64_t> PythonArguments::integers(const char* name) {
    std::vector<int64_t> whole;
    for (const double number : numbers(name)) {
        require(number == std::floor(number) && std::abs(number) < 9007199254740992.0,
                "argument '{}': expected integers, got {}", name, number);
        whole.push_back(static_cast<int64_t>(number));
    }
    return whole;
}

}  // namespace hfc::lua
