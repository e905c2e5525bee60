// torch.tensor and other functions that make tensors but are not operators.
#include "base/device.h"
#include "base/dtype_name.h"
#include "bindings/runtime/registry.h"
#include "bindings/torch/numbers.h"
#include "bindings/torch/operators.h"
#include "bindings/torch/register.h"
#include "bindings/torch/tensor.h"

#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>
#include <ATen/Context.h>
#include <c10/core/DefaultDtype.h>

#include <cmath>
#include <map>

namespace hfc::lua {
namespace {

/// The values of nested tables in row-major order, and their shape.
struct Nested {
    std::vector<int64_t> shape;
    std::vector<double> values;
    std::vector<double> imaginary;  ///< as long as values if an element is complex, else empty
    std::map<size_t, int64_t> beyond_double;  ///< integers that a double cannot represent
    bool truth = false;                       ///< whether the values are booleans
};

/// The shape according to the first element of each level.
std::vector<int64_t> find_shape(lua_State* L, int index) {
    std::vector<int64_t> shape;
    luaL_checkstack(L, 66, "tables nested too deeply");
    lua_pushvalue(L, index);
    const int bottom = lua_gettop(L);
    while (lua_istable(L, -1)) {
        require(shape.size() < 64, "the tables are nested more than 64 levels deep");
        shape.insert(shape.end(), static_cast<int64_t>(lua_objlen(L, -1)));
        lua_rawgeti(L, -1, 1);
    }
    lua_settop(L, bottom - 1);
    return shape;
}

at::Scalar read_element(lua_State* L, int index) {
    if (const at::Tensor* tensor = to_tensor(L, index)) {
        require(tensor->numel() == 1,
                "element: expected a number or a Tensor with one element, got {}",
                describe_tensor(*tensor));
        return tensor->item();
    }
    if (lua_type(L, index) == LUA_TNUMBER) {
        return lua_tonumber(L, index);
    }
    const auto scalar = to_scalar(L, index);
    return scalar ? *scalar : at::Scalar(Value(L, index, "element").number());
}

void add_element(Nested& nested, const at::Scalar& element) {
    require(nested.values.empty() || element.isBoolean() == nested.truth,
            "expected only numbers or only booleans, got both");
    nested.truth = element.isBoolean();
    if (element.isComplex()) {
        const auto number = element.toComplexDouble();
        nested.imaginary.resize(nested.values.size(), 0);
        nested.imaginary.push_back(number.imag());
        nested.values.push_back(number.real());
        return;
    }
    if (element.isIntegral(false)) {
        nested.beyond_double.emplace(nested.values.size(), element.toLong());
    }
    nested.values.push_back(element.isBoolean() ? element.toBool() : element.toDouble());
    if (!nested.imaginary.empty()) {
        nested.imaginary.push_back(0);
    }
}

void read_values(lua_State* L, int index, size_t depth, Nested& nested) {
    require(lua_istable(L, index) == (depth < nested.shape.size()),
            "the tables are nested to different depths");
    if (depth == nested.shape.size()) {
        add_element(nested, read_element(L, index));
        return;
    }
    const auto length = static_cast<int64_t>(lua_objlen(L, index));
    require(nested.shape[depth] == length, "dimension {}: expected size {}, got {}", depth,
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

/// The integers that a dtype can represent, as doubles: >= `least` and < `end`.
struct Range {
    double least;
    double end;
};

Range range_of(at::ScalarType dtype) {
    const int bits = static_cast<int>(c10::elementSize(dtype)) * 8;
    const bool is_signed = c10::isSignedType(dtype);
    return {is_signed ? -std::ldexp(1, bits - 1) : 0, std::ldexp(1, is_signed ? bits - 1 : bits)};
}

/// Without this check, a conversion from double would wrap 300 to 44 in uint8.
void check_range(const std::vector<double>& values, at::ScalarType dtype) {
    if (!c10::isIntegralType(dtype, /*includeBool=*/false)) {
        return;
    }
    const auto [least, end] = range_of(dtype);
    for (const double value : values) {
        const double whole = std::trunc(value);
        require(whole >= least && whole < end, "the number {} is out of range for {}", value,
                dtype_name(dtype));
    }
}

at::ScalarType natural_dtype(const Nested& nested) {
    const auto floating = c10::get_default_dtype_as_scalartype();
    return nested.truth               ? at::kBool
           : nested.imaginary.empty() ? floating
                                      : c10::toComplexType(floating);
}

at::Tensor make_tensor(const Nested& nested, at::Device device, at::ScalarType dtype) {
    if (!nested.imaginary.empty()) {
        require(c10::isComplexType(dtype), "complex numbers require a complex dtype, got {}",
                dtype_name(dtype));
        return at::complex(at::tensor(nested.values, at::kDouble),
                           at::tensor(nested.imaginary, at::kDouble))
            .reshape(nested.shape)
            .to(device, dtype);
    }
    check_range(nested.values, dtype);
    at::Tensor flat = at::tensor(nested.values, at::kDouble);
    if (!nested.beyond_double.empty() && c10::isIntegralType(dtype, /*includeBool=*/false)) {
        flat = flat.to(at::kLong);
        for (const auto& [i, value] : nested.beyond_double) {
            flat.data_ptr<int64_t>()[i] = value;
        }
    }
    return flat.reshape(nested.shape).to(device, dtype);
}

int tensor(Call& call) {
    auto options = call.options(2);
    const std::string dtype = options.text("dtype", "");
    const std::string device = options.text("device", "cpu");
    const bool requires_grad = options.boolean("requires_grad", false);
    options.know("pin_memory");
    options.finish();
    const auto wanted = find_dtype(dtype);
    require(dtype.empty() || wanted.has_value(), "unknown dtype '{}'", dtype);
    at::Tensor result;
    if (const at::Tensor* other = to_tensor(call.L, 1)) {
        result =
            other->detach().clone().to(parse_device(device), wanted.value_or(other->scalar_type()));
    } else {
        const Nested nested = read_nested(call.L, 1);
        result = make_tensor(nested, parse_device(device), wanted.value_or(natural_dtype(nested)));
    }
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
     "Tensor\n\n"
     "Creates a tensor from a number, a boolean or (nested) tables of numbers or booleans, or "
     "copies a Tensor. dtype: by default, bool for booleans, the default dtype (float32) for "
     "numbers, and complex64 if any number is complex. Errors: tables of different lengths or "
     "depths, a mixture of numbers and booleans, a number that the dtype cannot represent."},
    {"torch.Generator", make_generator,
     "torch.Generator({device = \"cpu\", seed}) -> Generator\n\n"
     "Creates a separate random number generator g. Pass it to operators as {generator = g}. The "
     "default seed is random."},
    {"Generator:manual_seed", seed_generator,
     "generator:manual_seed(seed) -> generator\n\n"
     "Restarts the generator with this seed."},
    {"torch.operators", list_operators,
     "torch.operators() -> list of strings\n\n"
     "Returns the names of all of PyTorch's operators, in alphabetical order."},
    {"torch.signatures", list_signatures,
     "torch.signatures(name) -> list of strings\n\n"
     "Returns the overloads of an operator, as PyTorch schemas."},
    {"torch.is_tensor", is_tensor,
     "torch.is_tensor(value) -> boolean\n\n"
     "Returns true if the value is a Tensor."},
    {"torch.manual_seed", manual_seed,
     "torch.manual_seed(seed)\n\nSeeds the default generators of all devices, as PyTorch does."},
};

}  // namespace

namespace detail {

at::Tensor tensor_from_table(lua_State* L, int index) {
    const Nested nested = read_nested(L, index);
    return make_tensor(nested, at::kCPU, natural_dtype(nested));
}

void register_creation(lua_State* L) {
    register_type<at::Generator>(L);
    register_type<None>(L);
    declare(L, functions);
    lua_getglobal(L, "torch");
    push_object(L, None());
    lua_setfield(L, -2, "none");
    lua_pop(L, 1);
}

}  // namespace detail
}  // namespace hfc::lua
