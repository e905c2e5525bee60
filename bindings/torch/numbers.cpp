#include "bindings/torch/numbers.h"

#include "bindings/runtime/call.h"
#include "bindings/runtime/error.h"

#include <cmath>

namespace hfc::lua {
namespace {

constexpr int cdata_type = 10;  ///< LuaJIT's type of FFI objects, which lua.h does not name
constexpr double exact_limit = 9007199254740992.0;
constexpr int64_t exact_limit_whole = int64_t{1} << 53;

/// The value of an integer that a double might not represent exactly; nothing for other numbers.
std::optional<int64_t> beyond_double(const at::Scalar& value) {
    if (!value.isIntegral(/*includeBool=*/false) || value.type() == at::kUInt64) {
        return std::nullopt;
    }
    const int64_t whole = value.toLong();
    const bool exact = whole >= -exact_limit_whole && whole <= exact_limit_whole;
    return exact ? std::nullopt : std::optional(whole);
}

/// How the prelude classifies an FFI object: "complex", "int64" or ""
/// (bindings/prelude/complex.lua).
std::string kind_of_cdata(lua_State* L, int index) {
    lua_pushvalue(L, index);
    lua_getfield(L, LUA_REGISTRYINDEX, "hfc.cdata_kind");
    lua_insert(L, -2);
    protected_call(L, 1, 1);
    std::string kind = lua_tostring(L, -1) != nullptr ? lua_tostring(L, -1) : "";
    lua_pop(L, 1);
    return kind;
}

std::optional<at::Scalar> read_cdata(lua_State* L, int index) {
    const std::string kind = kind_of_cdata(L, index);
    const void* data = lua_topointer(L, index);
    if (kind == "complex") {
        const auto* parts = static_cast<const double*>(data);
        return at::Scalar(c10::complex<double>(parts[0], parts[1]));
    }
    return kind == "int64" ? std::optional<at::Scalar>(*static_cast<const int64_t*>(data))
                           : std::nullopt;
}

/// Pushes the result of calling a function of the prelude with two numbers.
void push_made(lua_State* L, const char* maker, double first, double second) {
    lua_getfield(L, LUA_REGISTRYINDEX, maker);
    lua_pushnumber(L, first);
    lua_pushnumber(L, second);
    protected_call(L, 2, 1);
}

}  // namespace

std::optional<double> as_double(const at::Scalar& value) {
    const bool exact = value.isIntegral(/*includeBool=*/false) && !beyond_double(value);
    return exact ? std::optional(value.toDouble()) : std::nullopt;
}

std::optional<int64_t> to_integer(lua_State* L, int index) {
    if (lua_type(L, index) == cdata_type) {
        const auto value = read_cdata(L, index);
        return value && value->isIntegral(false) ? std::optional(value->toLong()) : std::nullopt;
    }
    if (lua_type(L, index) != LUA_TNUMBER) {
        return std::nullopt;
    }
    const double value = lua_tonumber(L, index);
    if (value != std::floor(value) || std::abs(value) > exact_limit) {
        return std::nullopt;
    }
    return static_cast<int64_t>(value);
}

std::optional<at::Scalar> to_scalar(lua_State* L, int index) {
    switch (lua_type(L, index)) {
        case LUA_TNUMBER: {
            const double value = lua_tonumber(L, index);
            const bool whole = value == std::floor(value) && std::abs(value) <= exact_limit &&
                               (value != 0 || !std::signbit(value));
            return whole ? at::Scalar(static_cast<int64_t>(value)) : at::Scalar(value);
        }
        case LUA_TBOOLEAN:
            return at::Scalar(lua_toboolean(L, index) != 0);
        case cdata_type:
            return read_cdata(L, index);
        default:
            return std::nullopt;
    }
}

void push_scalar(lua_State* L, const at::Scalar& value) {
    if (value.isBoolean()) {
        push(L, value.toBool());
    } else if (value.isComplex()) {
        const auto number = value.toComplexDouble();
        push_made(L, "hfc.make_complex", number.real(), number.imag());
    } else if (const auto whole = beyond_double(value)) {
        const int64_t high = *whole >> 32;
        push_made(L, "hfc.make_int64", static_cast<double>(high),
                  static_cast<double>(*whole - (high << 32)));
    } else {
        push(L, value.toDouble());
    }
}

}  // namespace hfc::lua
