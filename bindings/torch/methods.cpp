// The type Tensor: properties, methods that are not operators, arithmetic, printing.
#include "base/device.h"
#include "base/dtype_name.h"
#include "bindings/runtime/registry.h"
#include "bindings/torch/convert.h"
#include "bindings/torch/numbers.h"
#include "bindings/torch/operators.h"
#include "bindings/torch/print.h"
#include "bindings/torch/register.h"
#include "bindings/torch/tensor.h"

#include <ATen/ATen.h>
#include <torch/csrc/autograd/function.h>

#include <cstring>
#include <string_view>
#include <unordered_map>

namespace hfc::lua {
namespace {

const at::Tensor& self_tensor(Call& call) {
    return tensor_argument(call, 1, "tensor");
}

int item(Call& call) {
    const auto& tensor = self_tensor(call);
    require(tensor.numel() == 1, "expected a tensor with one element, got {}",
            describe_tensor(tensor));
    push_scalar(call.L, tensor.item());
    return 1;
}

/// Pushes a CPU tensor's values as nested tables.
void push_nested(lua_State* L, const at::Tensor& tensor) {
    if (tensor.dim() == 0) {
        push_scalar(L, tensor.item());
        return;
    }
    luaL_checkstack(L, 4, "too many dimensions");
    lua_createtable(L, static_cast<int>(tensor.size(0)), 0);
    for (int64_t i = 0; i < tensor.size(0); ++i) {
        push_nested(L, tensor.select(0, i));
        lua_rawseti(L, -2, static_cast<int>(i) + 1);
    }
}

int tolist(Call& call) {
    push_nested(call.L, self_tensor(call).detach().cpu());
    return 1;
}

int size(Call& call) {
    const auto& tensor = self_tensor(call);
    if (call.given(2)) {
        return call.returns(tensor.size(call.argument(2, "dim").integer()));
    }
    return call.returns(tensor.sizes().vec());
}

int dim(Call& call) {
    return call.returns(self_tensor(call).dim());
}

int numel(Call& call) {
    return call.returns(self_tensor(call).numel());
}

int requires_grad(Call& call) {
    const bool value = !call.given(2) || call.argument(2, "requires_grad").boolean();
    return call.returns(self_tensor(call).requires_grad_(value));
}

/// The properties that the result of x:to(...) should have.
struct Wanted {
    at::TensorOptions options;
    bool non_blocking = false;
    bool copy = false;

    void read(const Value& value) {
        const std::string name = value.text();
        const auto dtype = find_dtype(name);
        options = dtype ? options.dtype(*dtype) : options.device(parse_device(name));
    }
    void read_other(const at::Tensor& other) {
        options = options.dtype(other.scalar_type()).device(other.device());
    }
};

/// Reads the positional arguments: device, dtype or another tensor, then non_blocking and copy.
/// Returns the position after them.
int read_positions(Call& call, Wanted& wanted) {
    int booleans = 0;
    int position = 2;
    for (; position <= call.count() && !lua_istable(call.L, position); ++position) {
        const Value value = call.argument(position, "device, dtype or other");
        if (const at::Tensor* other = to_tensor(call.L, position)) {
            wanted.read_other(*other);
        } else if (booleans > 0 || lua_isboolean(call.L, position)) {
            bool& setting = booleans == 0 ? wanted.non_blocking : wanted.copy;
            require(++booleans <= 2, "too many arguments: 'copy' is the last positional argument");
            setting = value.given() && value.boolean();
        } else if (value.given()) {
            wanted.read(value);
        }
    }
    return position;
}

/// x:to(device), x:to(dtype), x:to(device, dtype), x:to(other), each with optional named arguments.
int to(Call& call) {
    const at::Tensor tensor = self_tensor(call);
    Wanted wanted = {tensor.options()};
    auto options = call.options(read_positions(call, wanted));
    options.with("device", [&](const Value& value) { wanted.read(value); });
    options.with("dtype", [&](const Value& value) { wanted.read(value); });
    for (const char* other : {"other", "tensor"}) {
        options.with(other, [&](const Value& value) {
            wanted.read_other(value.object<LuaTensor>().tensor);
        });
    }
    wanted.copy = options.boolean("copy", wanted.copy);
    wanted.non_blocking = options.boolean("non_blocking", wanted.non_blocking);
    std::optional<at::MemoryFormat> format;
    options.with("memory_format",
                 [&](const Value& value) { format = parse_memory_format(value.text()); });
    options.finish();
    return call.returns(tensor.to(wanted.options.device(), wanted.options.dtype().toScalarType(),
                                  wanted.non_blocking, wanted.copy, format));
}

int is_contiguous(Call& call) {
    auto options = call.options(2);
    const auto format = parse_memory_format(options.text("memory_format", "contiguous_format"));
    options.finish();
    return call.returns(self_tensor(call).is_contiguous(format));
}

int stride(Call& call) {
    const auto& tensor = self_tensor(call);
    require(tensor.layout() == at::kStrided, "a sparse tensor has no strides");
    return call.given(2) ? call.returns(tensor.stride(call.argument(2, "dim").integer()))
                         : call.returns(tensor.strides().vec());
}

const std::vector<Declaration> methods = {
    {"Tensor:item", item,
     "x:item() -> number or boolean\n\n"
     "Returns the value of a tensor with one element, on any device. A complex value is returned "
     "as LuaJIT's complex number (z.re, z.im), and an integer beyond 2^53 as LuaJIT's int64_t. "
     "Errors: a tensor that does not have exactly one element."},
    {"Tensor:tolist", tolist,
     "x:tolist() -> table\n\n"
     "Returns the values as nested tables, or as a single number for a tensor without dimensions. "
     "Values are converted as in x:item()."},
    {"Tensor:size", size,
     "x:size(dim) -> number, x:size() -> table\n\n"
     "Returns the size of a dimension (zero-based; negative numbers count from the end), or the "
     "sizes of all dimensions."},
    {"Tensor:dim", dim,
     "x:dim() -> number\n\n"
     "Returns the number of dimensions."},
    {"Tensor:numel", numel,
     "x:numel() -> number\n\n"
     "Returns the number of elements."},
    {"Tensor:requires_grad_", requires_grad,
     "x:requires_grad_(value = true) -> x\n\n"
     "Sets whether operations on x are recorded for backward() from now on."},
    {"Tensor:to", to,
     "x:to(device), x:to(dtype), x:to(device, dtype), x:to(other), x:to {device, dtype, other, "
     "memory_format, copy = false, non_blocking = false} -> Tensor\n\n"
     "Returns a copy of x with another device or dtype, or with the device and dtype of another "
     "tensor. If nothing changes, returns x itself unless copy is true. You can also pass "
     "non_blocking and copy by position: x:to(dtype, false, true)."},
    {"Tensor:is_contiguous", is_contiguous,
     "x:is_contiguous({memory_format = \"contiguous_format\"}) -> boolean\n\n"
     "Returns true if the elements are stored without gaps and in the order of memory_format."},
    {"Tensor:stride", stride,
     "x:stride(dim) -> number, x:stride() -> table\n\n"
     "Returns the distance, in elements, between neighbours along a dimension, or the strides of "
     "all dimensions."},
};

using PushProperty = void (*)(lua_State* L, const at::Tensor& tensor);

/// A property whose value is an expression of `x`.
#define HFC_PROPERTY(name, expression)                                       \
    {                                                                        \
        name, [](lua_State* L, const at::Tensor& x) { push(L, expression); } \
    }

const std::unordered_map<std::string_view, PushProperty>& properties() {
    static const std::unordered_map<std::string_view, PushProperty> all = {
        HFC_PROPERTY("shape", x.sizes().vec()),
        HFC_PROPERTY("dtype", dtype_name(x.scalar_type())),
        HFC_PROPERTY("device", x.device().str()),
        HFC_PROPERTY("layout", layout_name(x.layout())),
        HFC_PROPERTY("ndim", x.dim()),
        HFC_PROPERTY("grad", x.grad()),
        HFC_PROPERTY("requires_grad", x.requires_grad()),
        HFC_PROPERTY("retains_grad", x.retains_grad()),
        HFC_PROPERTY("output_nr", x.output_nr()),
        HFC_PROPERTY("is_leaf", x.is_leaf()),
        HFC_PROPERTY("is_cuda", x.is_cuda()),
        HFC_PROPERTY("is_cpu", x.is_cpu()),
        HFC_PROPERTY("is_meta", x.is_meta()),
        HFC_PROPERTY("is_sparse", x.is_sparse()),
        HFC_PROPERTY("is_sparse_csr", x.layout() == at::kSparseCsr),
        HFC_PROPERTY("is_quantized", x.is_quantized()),
        HFC_PROPERTY("is_nested", x.is_nested()),
        HFC_PROPERTY("itemsize", static_cast<int64_t>(x.itemsize())),
        HFC_PROPERTY("nbytes", static_cast<int64_t>(x.nbytes())),
        HFC_PROPERTY("T", x.numpy_T()),
        HFC_PROPERTY("H", x.matrix_H()),
        HFC_PROPERTY("mT", x.mT()),
        HFC_PROPERTY("mH", x.mH()),
        HFC_PROPERTY("real", at::real(x)),
        HFC_PROPERTY("imag", at::imag(x)),
        {"grad_fn",
         [](lua_State* L, const at::Tensor& x) {
             x.grad_fn() ? push(L, x.grad_fn()->name()) : lua_pushnil(L);
         }},
    };
    return all;
}

#undef HFC_PROPERTY

/// Pushes x.shape or another property; returns false if `key` is not a property.
bool push_property(lua_State* L, const at::Tensor& tensor, std::string_view key) {
    const auto found = properties().find(key);
    if (found == properties().end()) {
        return false;
    }
    found->second(L, tensor);
    return true;
}

/// x.grad = nil, x.grad = tensor and x.requires_grad = true.
bool set_property(lua_State* L, at::Tensor tensor, const std::string& key) {
    if (key == "grad") {
        const at::Tensor gradient =
            lua_isnil(L, 3) ? at::Tensor() : Value(L, 3, "grad").object<LuaTensor>().tensor;
        if (gradient.defined()) {
            const bool fits = gradient.sizes() == tensor.sizes() &&
                              gradient.scalar_type() == tensor.scalar_type() &&
                              gradient.device() == tensor.device() &&
                              gradient.layout() == tensor.layout();
            require(fits, "grad must match the tensor: expected {}, got {}",
                    describe_tensor(tensor), describe_tensor(gradient));
        }
        tensor.mutable_grad() = gradient;
    } else if (key == "requires_grad") {
        tensor.requires_grad_(Value(L, 3, "requires_grad").boolean());
    } else {
        return false;
    }
    return true;
}

int push_tensor_text(lua_State* L) {
    return guarded(L, "tostring", [&] {
        const at::Tensor* tensor = to_tensor(L, 1);
        require(tensor != nullptr, "expected a Tensor, got {}", describe(L, 1));
        push(L, print_tensor(*tensor));
        return 1;
    });
}

int push_length(lua_State* L) {
    return guarded(L, "#", [&] {
        const at::Tensor* tensor = to_tensor(L, 1);
        require(tensor != nullptr && tensor->dim() > 0,
                "a tensor without dimensions has no length");
        push(L, tensor->size(0));
        return 1;
    });
}

/// The names of properties, methods and operators. upvalue 1: the methods.
std::vector<std::string> names_in_tensor(lua_State* L) {
    std::vector<std::string> names = operator_names();
    for (const auto& [name, property] : properties()) {
        names.emplace_back(name);
    }
    lua_pushnil(L);
    while (lua_next(L, lua_upvalueindex(1)) != 0) {
        lua_pop(L, 1);
        names.emplace_back(lua_tostring(L, -1));
    }
    return names;
}

}  // namespace

namespace detail {

bool is_ellipsis(lua_State* L, int index) {
    return lua_type(L, index) == LUA_TSTRING && std::strcmp(lua_tostring(L, index), "...") == 0;
}

int set_in_tensor(lua_State* L, const at::Tensor& tensor) {
    const std::string key = lua_tostring(L, 2);
    if (!set_property(L, tensor, key)) {
        fail("the field '{}' of a Tensor cannot be set", key);
    }
    return 0;
}

/// Looks up x.NAME: a method, a property or an operator. x[...] and x["..."] call the indexing
/// function in the second upvalue.
int find_in_tensor(lua_State* L) {
    const bool named = lua_type(L, 2) == LUA_TSTRING;
    if (named) {
        lua_pushvalue(L, 2);
        lua_rawget(L, lua_upvalueindex(1));
        if (!lua_isnil(L, -1)) {
            return 1;
        }
        lua_pop(L, 1);
    }
    if (!named || is_ellipsis(L, 2)) {
        lua_settop(L, 2);
        lua_pushvalue(L, lua_upvalueindex(2));
        lua_insert(L, 1);
        lua_call(L, 2, 1);
        return 1;
    }
    return guarded(L, "Tensor", [&] {
        const at::Tensor* tensor = to_tensor(L, 1);
        require(tensor != nullptr, "expected a Tensor, got {}", describe(L, 1));
        const std::string key = lua_tostring(L, 2);
        if (push_property(L, *tensor, key)) {
            return 1;
        }
        if (!push_operator(L, key)) {
            fail("a Tensor has no field or method '{}'{}", key,
                 did_you_mean(key, names_in_tensor(L)));
        }
        lua_pushvalue(L, 2);
        lua_pushvalue(L, -2);
        lua_rawset(L, lua_upvalueindex(1));
        return 1;
    });
}

void register_tensor_type(lua_State* L) {
    register_type<LuaTensor>(L);
    push_metatable_of(L, "Tensor");
    // The methods move to another field, because __index is a function here.
    lua_getfield(L, -1, "__index");
    lua_setfield(L, -2, "methods");
    lua_pushcfunction(L, push_tensor_text);
    lua_setfield(L, -2, "__tostring");
    lua_pushcfunction(L, push_length);
    lua_setfield(L, -2, "__len");
    lua_pushnil(L);
    lua_setfield(L, -2, "__index");
    lua_pop(L, 1);
    declare(L, methods);
    register_pointers(L);
}

}  // namespace detail
}  // namespace hfc::lua
