// The type Tensor: properties, methods that are no operators, arithmetic, printing.
#include "base/device.h"
#include "bindings/runtime/registry.h"
#include "bindings/torch/convert.h"
#include "bindings/torch/operators.h"
#include "bindings/torch/print.h"
#include "bindings/torch/register.h"
#include "bindings/torch/tensor.h"

#include <ATen/ATen.h>
#include <torch/csrc/autograd/function.h>

namespace hfc::lua {
namespace {

const at::Tensor& self_tensor(Call& call) {
    return tensor_argument(call, 1, "tensor");
}

void push_scalar(lua_State* L, const at::Scalar& value) {
    if (value.isBoolean()) {
        push(L, value.toBool());
    } else {
        push(L, value.toDouble());
    }
}

int item(Call& call) {
    const auto& tensor = self_tensor(call);
    require(tensor.numel() == 1, "only a tensor of one element has an item, this one is {}",
            describe_tensor(tensor));
    push_scalar(call.L, tensor.item());
    return 1;
}

/// Pushes nested tables of a CPU tensor's values.
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

/// x:to(device), x:to(dtype), x:to(device, dtype), x:to(other), each with named settings behind.
int to(Call& call) {
    const at::Tensor tensor = self_tensor(call);
    at::TensorOptions wanted = tensor.options();
    const auto read = [&](const Value& value) {
        const std::string name = value.text();
        const auto dtype = find_dtype(name);
        wanted = dtype ? wanted.dtype(*dtype) : wanted.device(parse_device(name));
    };
    int position = 2;
    for (; position <= call.count() && !lua_istable(call.L, position); ++position) {
        const Value value = call.argument(position, "device, dtype or other");
        if (const at::Tensor* other = to_tensor(call.L, position)) {
            wanted = wanted.dtype(other->scalar_type()).device(other->device());
        } else {
            read(value);
        }
    }
    auto options = call.options(position);
    options.with("device",
                 [&](const Value& value) { wanted = wanted.device(parse_device(value.text())); });
    options.with("dtype", read);
    const bool copy = options.boolean("copy", false);
    const bool non_blocking = options.boolean("non_blocking", false);
    std::optional<at::MemoryFormat> format;
    options.with("memory_format",
                 [&](const Value& value) { format = parse_memory_format(value.text()); });
    options.finish();
    return call.returns(
        tensor.to(wanted.device(), wanted.dtype().toScalarType(), non_blocking, copy, format));
}

int is_contiguous(Call& call) {
    auto options = call.options(2);
    const auto format = parse_memory_format(options.text("memory_format", "contiguous_format"));
    options.finish();
    return call.returns(self_tensor(call).is_contiguous(format));
}

int stride(Call& call) {
    const auto& tensor = self_tensor(call);
    return call.given(2) ? call.returns(tensor.stride(call.argument(2, "dim").integer()))
                         : call.returns(tensor.strides().vec());
}

const std::vector<Declaration> methods = {
    {"Tensor:item", item,
     "x:item() -> number or boolean\n\nThe value of a tensor of one element, on any device. Error: "
     "more or fewer elements."},
    {"Tensor:tolist", tolist,
     "x:tolist() -> table\n\nThe values as nested tables; a number for a tensor without "
     "dimensions. int64 values above 2^53 lose digits."},
    {"Tensor:size", size,
     "x:size(dim) -> number, x:size() -> table\n\nThe length of a dimension (zero-based, negative "
     "counts from the end), or all of them."},
    {"Tensor:dim", dim, "x:dim() -> number\n\nThe number of dimensions."},
    {"Tensor:numel", numel, "x:numel() -> number\n\nThe number of elements."},
    {"Tensor:requires_grad_", requires_grad,
     "x:requires_grad_(value = true) -> x\n\nFrom now on operations on x are recorded for "
     "backward()."},
    {"Tensor:to", to,
     "x:to(device), x:to(dtype), x:to(device, dtype), x:to(other), x:to {device, dtype, "
     "memory_format, copy = false, non_blocking = false} "
     "-> Tensor\n\nA copy on a device or of a dtype (of another tensor's); x itself where nothing "
     "changes, unless copy."},
    {"Tensor:is_contiguous", is_contiguous,
     "x:is_contiguous({memory_format = \"contiguous_format\"}) -> boolean\n\nWhether the elements "
     "stand in memory in order."},
    {"Tensor:stride", stride,
     "x:stride(dim) -> number, x:stride() -> table\n\nElements to step over for the next index of "
     "a dimension."},
};

/// x.shape and its like; false where `key` is no property.
bool push_property(lua_State* L, const at::Tensor& tensor, const std::string& key) {
    if (key == "shape") {
        push(L, tensor.sizes().vec());
    } else if (key == "dtype") {
        push(L, dtype_name(tensor.scalar_type()));
    } else if (key == "device") {
        push(L, tensor.device().str());
    } else if (key == "ndim") {
        push(L, tensor.dim());
    } else if (key == "grad") {
        push(L, tensor.grad());
    } else if (key == "requires_grad") {
        push(L, tensor.requires_grad());
    } else if (key == "is_leaf") {
        push(L, tensor.is_leaf());
    } else if (key == "grad_fn") {
        tensor.grad_fn() ? push(L, tensor.grad_fn()->name()) : lua_pushnil(L);
    } else if (key == "is_cuda") {
        push(L, tensor.is_cuda());
    } else if (key == "itemsize") {
        push(L, static_cast<int64_t>(tensor.itemsize()));
    } else if (key == "nbytes") {
        push(L, static_cast<int64_t>(tensor.nbytes()));
    } else if (key == "T") {
        push(L, tensor.numpy_T());
    } else if (key == "mT") {
        push(L, tensor.mT());
    } else if (key == "real") {
        push(L, at::real(tensor));
    } else if (key == "imag") {
        push(L, at::imag(tensor));
    } else {
        return false;
    }
    return true;
}

/// x.grad = nil and x.grad = tensor, x.requires_grad = true.
bool set_property(lua_State* L, at::Tensor tensor, const std::string& key) {
    if (key == "grad") {
        const at::Tensor gradient =
            lua_isnil(L, 3) ? at::Tensor() : Value(L, 3, "grad").object<LuaTensor>().tensor;
        if (gradient.defined()) {
            const bool fits = gradient.sizes() == tensor.sizes() &&
                              gradient.scalar_type() == tensor.scalar_type() &&
                              gradient.device() == tensor.device() &&
                              gradient.layout() == tensor.layout();
            require(fits, "grad: expected a tensor like {}, got {}", describe_tensor(tensor),
                    describe_tensor(gradient));
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

}  // namespace

namespace detail {

int set_in_tensor(lua_State* L, const at::Tensor& tensor) {
    const std::string key = lua_tostring(L, 2);
    if (!set_property(L, tensor, key)) {
        fail("the field '{}' of a Tensor cannot be set", key);
    }
    return 0;
}

/// x.NAME and x:NAME(...): property, method, operator; x[...] goes to the indexing function in the
/// second upvalue.
int find_in_tensor(lua_State* L) {
    if (lua_type(L, 2) != LUA_TSTRING) {
        lua_settop(L, 2);
        lua_pushvalue(L, lua_upvalueindex(2));
        lua_insert(L, 1);
        lua_call(L, 2, 1);
        return 1;
    }
    lua_pushvalue(L, 2);
    lua_rawget(L, lua_upvalueindex(1));
    if (!lua_isnil(L, -1)) {
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
                 did_you_mean(key, operator_names()));
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
    // The methods move aside, because __index is a function here.
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
