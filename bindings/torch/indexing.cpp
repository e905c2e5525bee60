// x[i], x[{i, {from, to, step}, {}}], x[mask] and their assignments.
#include "bindings/runtime/registry.h"
#include "bindings/torch/numbers.h"
#include "bindings/torch/register.h"
#include "bindings/torch/tensor.h"

#include <ATen/TensorIndexing.h>
#include <ATen/ops/scalar_tensor.h>

namespace hfc::lua {

namespace detail {
int find_in_tensor(lua_State* L);
int set_in_tensor(lua_State* L, const at::Tensor& tensor);
bool is_ellipsis(lua_State* L, int index);
at::Tensor tensor_from_table(lua_State* L, int index);
}  // namespace detail

namespace {

using at::indexing::Slice;
using at::indexing::TensorIndex;

/// {from, to, step}, each of which may be missing: {} selects all elements, {2} all from 2 on.
Slice to_slice(lua_State* L, int index) {
    const auto bound = [&](int position) -> std::optional<c10::SymInt> {
        lua_rawgeti(L, index, position);
        const Value value(L, lua_gettop(L), "range");
        const auto result =
            value.given() ? std::optional<c10::SymInt>(value.integer()) : std::nullopt;
        lua_pop(L, 1);
        return result;
    };
    require(lua_objlen(L, index) <= 3,
            "a range {{from, to, step}} can contain at most three numbers, got {}; put a list of "
            "indices in its own braces, as in {{{{3, 1, 4, 1}}}}",
            lua_objlen(L, index));
    return {bound(1), bound(2), bound(3)};
}

/// Checks a tensor of indices or a mask. torch.tensor turns Lua numbers into a float32 tensor, so
/// the message says how to convert it.
const at::Tensor& checked_indices(const at::Tensor& tensor) {
    require(!tensor.is_floating_point() && !tensor.is_complex(),
            "indices must be integers or booleans, got {}; write x:long(), or torch.tensor(..., "
            "{{dtype = \"int64\"}})",
            describe_tensor(tensor));
    return tensor;
}

/// {{1, 0, 1}}: the elements 1, 0 and 1; {{true, false}}: a mask.
at::Tensor to_index_list(lua_State* L, int index) {
    lua_rawgeti(L, index, 1);
    const at::Tensor list = detail::tensor_from_table(L, lua_gettop(L));
    lua_pop(L, 1);
    return list.scalar_type() == at::kBool ? list : list.to(at::kLong);
}

bool is_index_list(lua_State* L, int index) {
    lua_rawgeti(L, index, 1);
    const bool nested = lua_istable(L, -1);
    lua_pop(L, 1);
    return nested && lua_objlen(L, index) == 1;
}

TensorIndex to_index(lua_State* L, int index) {
    if (lua_type(L, index) == LUA_TNUMBER) {
        return Value(L, index, "index").integer();
    }
    if (const at::Tensor* tensor = to_tensor(L, index)) {
        return checked_indices(*tensor);
    }
    if (lua_istable(L, index)) {
        return is_index_list(L, index) ? TensorIndex(to_index_list(L, index)) : to_slice(L, index);
    }
    if (lua_isboolean(L, index)) {
        return lua_toboolean(L, index) != 0;
    }
    if (detail::is_ellipsis(L, index)) {
        return at::indexing::Ellipsis;
    }
    if (!lua_isnil(L, index) && is_none(L, index)) {
        return at::indexing::None;
    }
    fail(
        "expected an index: an integer, a range {{from, to, step}}, {{}} for all elements, a list "
        "{{{{3, 1}}}}, a tensor, a boolean, \"...\" or torch.none; got {}",
        describe(L, index));
}

std::vector<TensorIndex> to_indices(lua_State* L, int index) {
    std::vector<TensorIndex> indices;
    if (!lua_istable(L, index)) {
        indices.push_back(to_index(L, index));
        return indices;
    }
    const size_t length = lua_objlen(L, index);
    for (size_t i = 1; i <= length; ++i) {
        lua_rawgeti(L, index, static_cast<int>(i));
        indices.push_back(to_index(L, lua_gettop(L)));
        lua_pop(L, 1);
    }
    if (indices.empty()) {
        indices.emplace_back(Slice());  // x[{}] is all of x, as {} is all of a dimension
    }
    return indices;
}

const at::Tensor& indexed(lua_State* L) {
    const at::Tensor* tensor = to_tensor(L, 1);
    require(tensor != nullptr, "expected a Tensor, got {}", describe(L, 1));
    return *tensor;
}

int get(lua_State* L) {
    return guarded(L, "Tensor[]", [&] {
        push(L, indexed(L).index(to_indices(L, 2)));
        return 1;
    });
}

int set(lua_State* L) {
    return guarded(L, "Tensor[]", [&] {
        const at::Tensor tensor = indexed(L);
        if (lua_type(L, 2) == LUA_TSTRING && !detail::is_ellipsis(L, 2)) {
            return detail::set_in_tensor(L, tensor);
        }
        const auto indices = to_indices(L, 2);
        if (const at::Tensor* value = to_tensor(L, 3)) {
            at::Tensor(tensor).index_put_(indices, *value);
        } else {
            const auto scalar = to_scalar(L, 3);
            require(scalar.has_value(), "value: expected a Tensor or a number, got {}",
                    describe(L, 3));
            const auto number = as_double(*scalar);
            at::Tensor(tensor).index_put_(indices, number ? at::Scalar(*number) : *scalar);
        }
        return 0;
    });
}

}  // namespace

namespace detail {

void register_indexing(lua_State* L) {
    push_metatable_of(L, "Tensor");
    lua_getfield(L, -1, "methods");
    lua_pushcfunction(L, get);
    lua_pushcclosure(L, find_in_tensor, 2);
    lua_setfield(L, -2, "__index");
    lua_pushcfunction(L, set);
    lua_setfield(L, -2, "__newindex");
    lua_pop(L, 1);
}

}  // namespace detail
}  // namespace hfc::lua
