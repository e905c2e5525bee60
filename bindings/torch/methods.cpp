// The type Tensor: properties, methods that are no operators, arithmetic, printing.
#include "base/device.h"
#include "bindings/runtime/registry.h"
#include "bindings/torch/operators.h"
#include "bindings/torch/register.h"
#include "bindings/torch/tensor.h"

#include <sstream>

namespace hfc::lua {
namespace {

const at::Tensor& self(Call& call) {
    return call.argument(1, "tensor").object<LuaTensor>().tensor;
}

void push_scalar(lua_State* L, const at::Scalar& value) {
    if (value.isBoolean()) {
        push(L, value.toBool());
    } else {
        push(L, value.toDouble());
    }
}

int item(Call& call) {
    const auto& tensor = self(call);
    require(tensor.numel() == 1, "only a tensor of one element has an item, this one is {}", describe_tensor(tensor));
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
    push_nested(call.L, self(call).detach().cpu());
    return 1;
}

int size(Call& call) {
    const auto& tensor = self(call);
    if (call.given(2)) {
        return call.returns(tensor.size(call.argument(2, "dim").integer()));
    }
    return call.returns(tensor.sizes().vec());
}

int dim(Call& call) {
    return call.returns(self(call).dim());
}

int numel(Call& call) {
    return call.returns(self(call).numel());
}

int backward(Call& call) {
    const auto& tensor = self(call);
    tensor.backward(call.given(2) ? call.argument(2, "gradient").object<LuaTensor>().tensor : at::Tensor());
    return 0;
}

int requires_grad(Call& call) {
    const bool value = !call.given(2) || call.argument(2, "requires_grad").boolean();
    return call.returns(self(call).requires_grad_(value));
}

int to(Call& call) {
    at::Tensor tensor = self(call);
    for (int i = 2; i <= call.count(); ++i) {
        const std::string name = call.argument(i, "device or dtype").text();
        const auto dtype = find_dtype(name);
        tensor = dtype ? tensor.to(*dtype) : tensor.to(parse_device(name));
    }
    return call.returns(tensor);
}

const std::vector<Declaration> methods = {
    {"Tensor:item", item,
     "x:item() -> number or boolean\n\nThe value of a tensor of one element, on any device. Error: more or fewer elements."},
    {"Tensor:tolist", tolist,
     "x:tolist() -> table\n\nThe values as nested tables; a number for a tensor without dimensions. int64 values above 2^53 lose digits."},
    {"Tensor:size", size,
     "x:size(dim) -> number, x:size() -> table\n\nThe length of a dimension (zero-based, negative counts from the end), or all of them."},
    {"Tensor:dim", dim, "x:dim() -> number\n\nThe number of dimensions."},
    {"Tensor:numel", numel, "x:numel() -> number\n\nThe number of elements."},
    {"Tensor:backward", backward,
     "x:backward(gradient)\n\nGradients of x with respect to the leaves it was computed from are added to their `grad`. Without an "
     "argument x must have one element."},
    {"Tensor:requires_grad_", requires_grad,
     "x:requires_grad_(value = true) -> x\n\nFrom now on operations on x are recorded for backward()."},
    {"Tensor:to", to,
     "x:to(\"cuda\"), x:to(\"float64\"), x:to(\"cuda\", \"float16\") -> Tensor\n\nA copy on a device or of a dtype; x itself where nothing "
     "changes."},
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
    } else {
        return false;
    }
    return true;
}

int push_tensor_text(lua_State* L) {
    return guarded(L, "tostring", [&] {
        const at::Tensor* tensor = to_tensor(L, 1);
        require(tensor != nullptr, "expected a Tensor, got {}", describe(L, 1));
        if (tensor->numel() > 1000) {
            push(L, describe_tensor(*tensor));
            return 1;
        }
        std::ostringstream text;
        at::print(text, tensor->detach(), 120);
        push(L, text.str());
        return 1;
    });
}

int push_length(lua_State* L) {
    return guarded(L, "#", [&] {
        const at::Tensor* tensor = to_tensor(L, 1);
        require(tensor != nullptr && tensor->dim() > 0, "a tensor without dimensions has no length");
        push(L, tensor->size(0));
        return 1;
    });
}

/// A metamethod that is an operator; `swapped` says which operator serves `2 - x`, where the tensor stands on the right.
template <const char* const& name>
int arithmetic(lua_State* L) {
    return guarded(L, name, [&] { return call_operator(L, name, 1, 2); });
}

const char* const add_name = "add";
const char* const mul_name = "mul";
const char* const div_name = "div";
const char* const sub_name = "sub";
const char* const pow_name = "pow";
const char* const remainder_name = "remainder";

int negate(lua_State* L) {
    return guarded(L, "neg", [&] { return call_operator(L, "neg", 1, 1); });
}

}  // namespace

namespace detail {

/// x.NAME and x:NAME(...): property, method, operator; x[...] goes to the indexing function in the second upvalue.
int find_in_tensor(lua_State* L) {
    if (lua_type(L, 2) != LUA_TSTRING) {
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
            fail("a Tensor has no field or method '{}'{}", key, did_you_mean(key, operator_names()));
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
    const std::pair<const char*, lua_CFunction> metamethods[] = {
        {"__add", arithmetic<add_name>},       {"__sub", arithmetic<sub_name>},  {"__mul", arithmetic<mul_name>},
        {"__div", arithmetic<div_name>},       {"__pow", arithmetic<pow_name>},  {"__unm", negate},
        {"__mod", arithmetic<remainder_name>}, {"__tostring", push_tensor_text}, {"__len", push_length},
    };
    for (const auto& [name, function] : metamethods) {
        lua_pushcfunction(L, function);
        lua_setfield(L, -2, name);
    }
    lua_pushnil(L);
    lua_setfield(L, -2, "__index");
    lua_pop(L, 1);
    declare(L, methods);
}

}  // namespace detail
}  // namespace hfc::lua
