// a + b, a - b, a * b, a / b, a ^ b, a % b, -a: straight to ATen, without the search for a schema
// that torch.NAME makes. These are what a training loop written in Lua is made of.
#include "bindings/runtime/collector.h"
#include "bindings/runtime/error.h"
#include "bindings/runtime/registry.h"
#include "bindings/torch/register.h"
#include "bindings/torch/tensor.h"

#include <ATen/ATen.h>
#include <ATen/ops/add.h>
#include <ATen/ops/div.h>
#include <ATen/ops/mul.h>
#include <ATen/ops/neg.h>
#include <ATen/ops/pow.h>
#include <ATen/ops/remainder.h>
#include <ATen/ops/sub.h>

namespace hfc::lua {
namespace {

/// A tensor, or a number or boolean as the tensor without dimensions that PyTorch makes of it.
at::Tensor operand(lua_State* L, int index) {
    if (const at::Tensor* tensor = to_tensor(L, index)) {
        return *tensor;
    }
    auto number = to_number_tensor(L, index);
    require(number.has_value(), "expected a Tensor or a number, got {}", describe(L, index));
    return std::move(*number);
}

using Operation = at::Tensor (*)(const at::Tensor&, const at::Tensor&);

at::Tensor add(const at::Tensor& a, const at::Tensor& b) {
    return at::add(a, b);
}
at::Tensor sub(const at::Tensor& a, const at::Tensor& b) {
    return at::sub(a, b);
}
at::Tensor mul(const at::Tensor& a, const at::Tensor& b) {
    return at::mul(a, b);
}
at::Tensor div(const at::Tensor& a, const at::Tensor& b) {
    return at::div(a, b);
}
at::Tensor pow(const at::Tensor& a, const at::Tensor& b) {
    return at::pow(a, b);
}
at::Tensor remainder(const at::Tensor& a, const at::Tensor& b) {
    return at::remainder(a, b);
}

constexpr char plus[] = "Tensor +";
constexpr char minus[] = "Tensor -";
constexpr char times[] = "Tensor *";
constexpr char divided_by[] = "Tensor /";
constexpr char to_the_power[] = "Tensor ^";
constexpr char modulo[] = "Tensor %";

template <Operation operation>
at::Tensor compute(lua_State* L) {
    const at::Tensor* a = to_tensor(L, 1);
    const at::Tensor* b = to_tensor(L, 2);
    return a != nullptr && b != nullptr ? operation(*a, *b)
                                        : operation(operand(L, 1), operand(L, 2));
}

template <Operation operation, const char* name>
int arithmetic(lua_State* L) {
    return guarded(L, name, [&] {
        check_stop();
        try {
            push(L, compute<operation>(L));
            return 1;
        } catch (const c10::OutOfMemoryError&) {
            // of a GPU; on the CPU the allocation itself is repeated
        }
        collect_garbage(L);
        push(L, compute<operation>(L));
        return 1;
    });
}

int negate(lua_State* L) {
    return guarded(L, "-Tensor", [&] {
        push(L, at::neg(operand(L, 1)));
        return 1;
    });
}

}  // namespace

namespace detail {

void register_arithmetic(lua_State* L) {
    const std::pair<const char*, lua_CFunction> metamethods[] = {
        {"__add", arithmetic<add, plus>},
        {"__sub", arithmetic<sub, minus>},
        {"__mul", arithmetic<mul, times>},
        {"__div", arithmetic<div, divided_by>},
        {"__pow", arithmetic<pow, to_the_power>},
        {"__mod", arithmetic<remainder, modulo>},
        {"__unm", negate},
    };
    push_metatable_of(L, "Tensor");
    for (const auto& [event, function] : metamethods) {
        lua_pushcfunction(L, function);
        lua_setfield(L, -2, event);
    }
    lua_pop(L, 1);
}

}  // namespace detail
}  // namespace hfc::lua
