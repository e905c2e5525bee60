// a + b, a - b, a * b, a / b, a ^ b, a % b, -a. These call ATen directly, without the schema
// look-up that torch.NAME needs, because training loops in Lua use them in every step.
#include "bindings/runtime/collector.h"
#include "bindings/runtime/error.h"
#include "bindings/runtime/registry.h"
#include "bindings/torch/numbers.h"
#include "bindings/torch/register.h"
#include "bindings/torch/tensor.h"

#include <ATen/ATen.h>
#include <ATen/ScalarOps.h>
#include <ATen/ops/add.h>
#include <ATen/ops/div.h>
#include <ATen/ops/mul.h>
#include <ATen/ops/neg.h>
#include <ATen/ops/pow.h>
#include <ATen/ops/remainder.h>
#include <ATen/ops/sub.h>

#include <cmath>
#include <limits>

namespace hfc::lua {
namespace {

/// A tensor, or a number or boolean converted to a tensor without dimensions, as in PyTorch.
at::Tensor operand(lua_State* L, int index) {
    if (const at::Tensor* tensor = to_tensor(L, index)) {
        return *tensor;
    }
    auto number = to_number_tensor(L, index);
    require(number.has_value(), "expected a Tensor or a number, got {}", describe(L, index));
    return std::move(*number);
}

bool is_within_float(double value) {
    return std::abs(value) <= std::numeric_limits<float>::max();
}

/// If the tensor is float32 or float64, converts the number directly to this dtype. Otherwise,
/// PyTorch would convert it later, which takes longer than the arithmetic itself.
at::Tensor operand_beside(lua_State* L, int index, const at::Tensor& tensor) {
    const auto dtype = tensor.scalar_type();
    if (lua_type(L, index) == LUA_TNUMBER && (dtype == at::kFloat || dtype == at::kDouble)) {
        const double value = lua_tonumber(L, index);
        if (dtype == at::kDouble || is_within_float(value)) {
            at::Tensor number = at::detail::scalar_tensor_static(value, dtype, at::kCPU);
            number.unsafeGetTensorImpl()->set_wrapped_number(true);
            return number;
        }
    }
    return operand(L, index);
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
at::Tensor remainder(const at::Tensor& a, const at::Tensor& b) {
    return at::remainder(a, b);
}

constexpr char plus[] = "Tensor +";
constexpr char minus[] = "Tensor -";
constexpr char times[] = "Tensor *";
constexpr char divided_by[] = "Tensor /";
constexpr char to_the_power[] = "Tensor ^";
constexpr char modulo[] = "Tensor %";
constexpr char less[] = "Tensor <";
constexpr char less_methods[] = "x:lt(y) or x:gt(y)";
constexpr char less_or_equal[] = "Tensor <=";
constexpr char less_or_equal_methods[] = "x:le(y) or x:ge(y)";

/// pow of a tensor and a number is faster than pow of two tensors. Its results differ in the last
/// bits, and it raises an error for negative powers of integers.
at::Tensor power(lua_State* L) {
    const at::Tensor* a = to_tensor(L, 1);
    const at::Tensor* b = to_tensor(L, 2);
    if (a != nullptr && b != nullptr) {
        return at::pow(*a, *b);
    }
    require(a != nullptr || b != nullptr, "expected a Tensor, got {}", describe(L, 1));
    const int number = a == nullptr ? 1 : 2;
    const auto scalar = to_scalar(L, number);
    require(scalar.has_value(), "expected a Tensor or a number, got {}", describe(L, number));
    return a != nullptr ? at::pow(*a, *scalar) : at::pow(*scalar, *b);
}

template <Operation operation>
at::Tensor compute(lua_State* L) {
    const at::Tensor* a = to_tensor(L, 1);
    const at::Tensor* b = to_tensor(L, 2);
    if (a != nullptr) {
        return b != nullptr ? operation(*a, *b) : operation(*a, operand_beside(L, 2, *a));
    }
    return b != nullptr ? operation(operand_beside(L, 1, *b), *b)
                        : operation(operand(L, 1), operand(L, 2));
}

template <at::Tensor (*computed)(lua_State*), const char* name>
int arithmetic(lua_State* L) {
    return guarded(L, name, [&] {
        check_stop();
        try {
            push(L, computed(L));
            return 1;
        } catch (const c10::OutOfMemoryError&) {
            // The GPU is out of memory. (On the CPU, the allocation itself is retried.)
        }
        collect_garbage(L);
        push(L, computed(L));
        return 1;
    });
}

/// `x == y` of two tensors raises an error, because Lua would convert any result to a boolean.
int refuse_equality(lua_State* L) {
    return guarded(L, "Tensor ==", [&]() -> int {
        fail(
            "Lua's == cannot compare tensors: write x:eq(y) or x:ne(y) to compare element by "
            "element, torch.equal(x, y) to compare whole tensors, or rawequal(x, y) to check "
            "whether they are the same object");
    });
}

template <const char* name, const char* methods>
int refuse_order(lua_State* L) {
    return guarded(L, name, [&]() -> int {
        fail(
            "Lua's < and <= cannot compare tensors: write {} to compare element by element, or "
            "compare x:item()",
            methods);
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
        {"__add", arithmetic<compute<add>, plus>},
        {"__sub", arithmetic<compute<sub>, minus>},
        {"__mul", arithmetic<compute<mul>, times>},
        {"__div", arithmetic<compute<div>, divided_by>},
        {"__pow", arithmetic<power, to_the_power>},
        {"__mod", arithmetic<compute<remainder>, modulo>},
        {"__unm", negate},
        {"__eq", refuse_equality},
        {"__lt", refuse_order<less, less_methods>},
        {"__le", refuse_order<less_or_equal, less_or_equal_methods>},
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
