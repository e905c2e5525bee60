#include "bindings/runtime/call.h"

#include "base/counted.h"

#include <algorithm>
#include <cmath>

namespace hfc::lua {
namespace {

template <typename Element, typename Read>
std::vector<Element> read_list(lua_State* L, int index, Read&& read) {
    std::vector<Element> values;
    const size_t length = lua_objlen(L, index);
    for (size_t i = 1; i <= length; ++i) {
        lua_rawgeti(L, index, static_cast<int>(i));
        values.push_back(read(lua_gettop(L)));
        lua_pop(L, 1);
    }
    return values;
}

}  // namespace

void Value::expected(const std::string& what) const {
    expected(what, describe(L_, index_));
}

void Value::expected(const std::string& what, const std::string& got) const {
    fail("{}: expected {}, got {}", name_, what, got);
}

void Value::expected_object(const std::string& type) const {
    expected(with_article(type));
}

double Value::number() const {
    if (lua_type(L_, index_) != LUA_TNUMBER) {
        expected("a number");
    }
    return lua_tonumber(L_, index_);
}

int64_t Value::integer() const {
    const double value =
        lua_type(L_, index_) == LUA_TNUMBER ? lua_tonumber(L_, index_) : std::nan("");
    if (!(std::abs(value) <= 9007199254740992.0) || value != std::floor(value)) {
        expected("an integer");
    }
    return static_cast<int64_t>(value);
}

bool Value::boolean() const {
    if (!lua_isboolean(L_, index_)) {
        expected("true or false");
    }
    return lua_toboolean(L_, index_) != 0;
}

std::string Value::text() const {
    if (lua_type(L_, index_) != LUA_TSTRING) {
        expected("a string");
    }
    size_t length = 0;
    const char* bytes = lua_tolstring(L_, index_, &length);
    return {bytes, length};
}

std::vector<double> Value::numbers() const {
    if (lua_type(L_, index_) == LUA_TNUMBER) {
        return {lua_tonumber(L_, index_)};
    }
    if (!lua_istable(L_, index_)) {
        expected("a number or a list of numbers");
    }
    return read_list<double>(
        L_, index_, [&](int top) { return Value(L_, top, "element of " + name_).number(); });
}

std::vector<std::string> Value::texts() const {
    if (lua_type(L_, index_) == LUA_TSTRING) {
        return {text()};
    }
    if (!lua_istable(L_, index_)) {
        expected("a string or a list of strings");
    }
    return read_list<std::string>(
        L_, index_, [&](int top) { return Value(L_, top, "element of " + name_).text(); });
}

double Options::number(const char* key, double fallback) {
    with(key, [&](const Value& value) { fallback = value.number(); });
    return fallback;
}

int64_t Options::integer(const char* key, int64_t fallback) {
    with(key, [&](const Value& value) { fallback = value.integer(); });
    return fallback;
}

bool Options::boolean(const char* key, bool fallback) {
    with(key, [&](const Value& value) { fallback = value.boolean(); });
    return fallback;
}

std::string Options::text(const char* key, const std::string& fallback) {
    std::string result = fallback;
    with(key, [&](const Value& value) { result = value.text(); });
    return result;
}

std::vector<double> Options::numbers(const char* key, std::vector<double> fallback) {
    with(key, [&](const Value& value) { fallback = value.numbers(); });
    return fallback;
}

std::vector<std::string> Options::texts(const char* key, std::vector<std::string> fallback) {
    with(key, [&](const Value& value) { fallback = value.texts(); });
    return fallback;
}

void Options::finish() const {
    if (index_ == 0) {
        return;
    }
    lua_pushnil(L_);
    while (lua_next(L_, index_) != 0) {
        lua_pop(L_, 1);
        if (lua_type(L_, -1) == LUA_TNUMBER && lua_tonumber(L_, -1) >= 1 &&
            lua_tonumber(L_, -1) <= list_) {
            continue;
        }
        const std::string key =
            lua_type(L_, -1) == LUA_TSTRING ? lua_tostring(L_, -1) : describe(L_, -1);
        if (std::find(known_.begin(), known_.end(), key) == known_.end()) {
            lua_pop(L_, 1);
            std::vector<std::string> known;  // an option may be read in two places
            std::ranges::copy_if(known_, std::back_inserter(known), [&](const std::string& one) {
                return std::ranges::find(known, one) == known.end();
            });
            fail("unknown option '{}'{}; known options: {}", key, did_you_mean(key, known),
                 fmt::join(known, ", "));
        }
    }
}

Value Call::argument(int position, const char* parameter) const {
    // The object of a method is at position 1, but users count only the arguments in parentheses.
    const bool method = std::string_view(name).find(':') != std::string_view::npos;
    const int shown = method ? position - 1 : position;
    return {L, position,
            shown == 0 ? fmt::format("the object before ':' ({})", parameter)
                       : fmt::format("argument {} ({})", shown, parameter)};
}

Options Call::options(int position) const {
    if (!given(position)) {
        return {L, 0};
    }
    if (!lua_istable(L, position)) {
        argument(position, "options").expected("a table of options");
    }
    return {L, position};
}

void Call::at_most(int arguments) const {
    const int method = std::string_view(name).find(':') != std::string_view::npos ? 1 : 0;
    const int most = arguments - method;
    require(count_ <= arguments, "expected {}, got {}",
            most == 0 ? "no arguments" : "at most " + counted(most, "argument"), count_ - method);
}

}  // namespace hfc::lua
