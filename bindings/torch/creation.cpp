// torch.tensor and what else makes tensors without being an operator.
#include "base/device.h"
#include "bindings/runtime/error.h"
#include "bindings/runtime/registry.h"
#include "bindings/torch/register.h"
#include "bindings/torch/tensor.h"

#include <ATen/Context.h>
#include <ATen/core/grad_mode.h>

namespace hfc::lua {
namespace {

/// Nested tables as values in row order and their shape.
struct Nested {
    std::vector<int64_t> shape;
    std::vector<double> values;
    bool truth = false;  ///< booleans
};

/// The shape that the first element of each level says.
std::vector<int64_t> find_shape(lua_State* L, int index) {
    std::vector<int64_t> shape;
    luaL_checkstack(L, 66, "tables nested too deep");
    lua_pushvalue(L, index);
    const int bottom = lua_gettop(L);
    while (lua_istable(L, -1)) {
        require(shape.size() < 64, "tables nested deeper than 64 levels");
        shape.insert(shape.end(), static_cast<int64_t>(lua_objlen(L, -1)));
        lua_rawgeti(L, -1, 1);
    }
    lua_settop(L, bottom - 1);
    return shape;
}

void read_values(lua_State* L, int index, size_t depth, Nested& nested) {
    require(lua_istable(L, index) == (depth < nested.shape.size()), "the tables are nested to different depths");
    if (depth == nested.shape.size()) {
        const bool truth = lua_isboolean(L, index);
        require(nested.values.empty() || truth == nested.truth, "numbers and booleans are mixed");
        nested.truth = truth;
        nested.values.push_back(truth ? lua_toboolean(L, index) : Value(L, index, "element").number());
        return;
    }
    const auto length = static_cast<int64_t>(lua_objlen(L, index));
    require(nested.shape[depth] == length, "dimension {}: expected {} elements, got {}", depth, nested.shape[depth], length);
    for (int64_t i = 1; i <= length; ++i) {
        lua_rawgeti(L, index, static_cast<int>(i));
        read_values(L, lua_gettop(L), depth + 1, nested);
        lua_pop(L, 1);
    }
}

Nested read_nested(lua_State* L, int index) {
    Nested nested;
    nested.shape = find_shape(L, index);
    read_values(L, index, 0, nested);
    return nested;
}

int tensor(Call& call) {
    auto options = call.options(2);
    const std::string dtype = options.text("dtype", "");
    const std::string device = options.text("device", "cpu");
    const bool requires_grad = options.boolean("requires_grad", false);
    options.finish();
    const Nested nested = read_nested(call.L, 1);
    const auto wanted = dtype.empty() ? std::optional(nested.truth ? at::kBool : at::kFloat) : find_dtype(dtype);
    require(wanted.has_value(), "unknown dtype '{}'", dtype);
    at::Tensor result = at::tensor(nested.values, at::kDouble).reshape(nested.shape).to(parse_device(device), *wanted);
    return call.returns(result.requires_grad_(requires_grad));
}

int is_tensor(Call& call) {
    return call.returns(to_tensor(call.L, 1) != nullptr);
}

int manual_seed(Call& call) {
    const int64_t seed = call.argument(1, "seed").integer();
    cuda_status();
    at::manual_seed(static_cast<uint64_t>(seed));
    return 0;
}

int no_grad(Call& call) {
    if (!lua_isfunction(call.L, 1)) {
        call.argument(1, "function").expected("a function");
    }
    const at::NoGradGuard guard;
    protected_call(call.L, call.count() - 1, LUA_MULTRET);
    return lua_gettop(call.L);
}

const std::vector<Declaration> functions = {
    {"torch.tensor", tensor,
     "torch.tensor(values, {dtype = \"float32\", device = \"cpu\", requires_grad = false}) -> Tensor\n\nA tensor of a number, a boolean or "
     "nested tables of them. "
     "dtype: bool for booleans, float32 for numbers unless given. Errors: tables of different lengths or depths, numbers and booleans "
     "mixed."},
    {"torch.is_tensor", is_tensor, "torch.is_tensor(value) -> boolean\n\nWhether the value is a Tensor."},
    {"torch.manual_seed", manual_seed, "torch.manual_seed(seed)\n\nSeeds the default generators of all devices, as PyTorch does."},
    {"torch.no_grad", no_grad,
     "torch.no_grad(function, ...) -> its results\n\nCalls the function with gradients off; they are back on after it, also after an error "
     "inside."},
};

}  // namespace

namespace detail {

void register_creation(lua_State* L) {
    declare(L, functions);
}

}  // namespace detail
}  // namespace hfc::lua
