// torch.tensor and what else makes tensors without being an operator.
#include "base/device.h"
#include "bindings/runtime/registry.h"
#include "bindings/torch/operators.h"
#include "bindings/torch/register.h"
#include "bindings/torch/tensor.h"

#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>
#include <ATen/Context.h>

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
    require(lua_istable(L, index) == (depth < nested.shape.size()),
            "the tables are nested to different depths");
    if (depth == nested.shape.size()) {
        const bool truth = lua_isboolean(L, index);
        require(nested.values.empty() || truth == nested.truth, "numbers and booleans are mixed");
        nested.truth = truth;
        nested.values.push_back(truth ? lua_toboolean(L, index)
                                      : Value(L, index, "element").number());
        return;
    }
    const auto length = static_cast<int64_t>(lua_objlen(L, index));
    require(nested.shape[depth] == length, "dimension {}: expected {} elements, got {}", depth,
            nested.shape[depth], length);
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
    const auto wanted =
        dtype.empty() ? std::optional(nested.truth ? at::kBool : at::kFloat) : find_dtype(dtype);
    require(wanted.has_value(), "unknown dtype '{}'", dtype);
    at::Tensor result = at::tensor(nested.values, at::kDouble)
                            .reshape(nested.shape)
                            .to(parse_device(device), *wanted);
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

int list_operators(Call& call) {
    return call.returns(operator_names());
}

int list_signatures(Call& call) {
    return call.returns(operator_signatures(call.argument(1, "name").text()));
}

int make_generator(Call& call) {
    auto options = call.options(1);
    const int64_t seed = options.integer(
        "seed", static_cast<int64_t>(c10::detail::getNonDeterministicRandom() >> 12));
    const at::Device device = parse_device(options.text("device", "cpu"));
    options.finish();
    auto generator = device.is_cpu() ? at::make_generator<at::CPUGeneratorImpl>()
                                     : at::globalContext().defaultGenerator(device).clone();
    generator.set_current_seed(static_cast<uint64_t>(seed));
    return call.returns_object(generator);
}

int seed_generator(Call& call) {
    call.argument(1, "generator")
        .object<at::Generator>()
        .set_current_seed(static_cast<uint64_t>(call.argument(2, "seed").integer()));
    lua_settop(call.L, 1);
    return 1;
}

const std::vector<Declaration> functions = {
    {"torch.tensor", tensor,
     "torch.tensor(values, {dtype = \"float32\", device = \"cpu\", requires_grad = false}) -> "
     "Tensor\n\nA tensor of a number, a boolean or "
     "nested tables of them. "
     "dtype: bool for booleans, float32 for numbers unless given. Errors: tables of different "
     "lengths or depths, numbers and booleans "
     "mixed."},
    {"torch.Generator", make_generator,
     "torch.Generator({device = \"cpu\", seed}) -> Generator\n\nA source of random numbers of its "
     "own, for operators' {generator = g}. "
     "Without a seed it gets a random one."},
    {"Generator:manual_seed", seed_generator,
     "generator:manual_seed(seed) -> generator\n\nBegins the generator's numbers anew."},
    {"torch.operators", list_operators,
     "torch.operators() -> list of texts\n\nThe names of all of PyTorch's operators, in "
     "alphabetical order."},
    {"torch.signatures", list_signatures,
     "torch.signatures(name) -> list of texts\n\nThe forms of an operator, as PyTorch writes its "
     "schemas."},
    {"torch.is_tensor", is_tensor,
     "torch.is_tensor(value) -> boolean\n\nWhether the value is a Tensor."},
    {"torch.manual_seed", manual_seed,
     "torch.manual_seed(seed)\n\nSeeds the default generators of all devices, as PyTorch does."},
};

}  // namespace

namespace detail {

void register_creation(lua_State* L) {
    register_type<at::Generator>(L);
    declare(L, functions);
}

}  // namespace detail
}  // namespace hfc::lua
