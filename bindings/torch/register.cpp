#include "bindings/torch/register.h"

#include "bindings/runtime/registry.h"
#include "bindings/torch/operators.h"

#include <ATen/Context.h>

#include <string>

namespace hfc::lua {
namespace {

/// torch.NAME: the operator of that name, found at its first use and kept in the table.
int find_in_torch(lua_State* L) {
    if (lua_type(L, 2) != LUA_TSTRING) {
        return 0;
    }
    return guarded(L, "torch", [&] {
        const std::string name = lua_tostring(L, 2);
        if (!push_operator(L, name)) {
            fail("there is no torch.{}{}", name, did_you_mean(name, operator_names()));
        }
        lua_pushvalue(L, 2);
        lua_pushvalue(L, -2);
        lua_rawset(L, 1);
        return 1;
    });
}

}  // namespace

void register_torch(lua_State* L) {
    // PyTorch's constructors of sparse tensors leave this to the caller; Python's check by it.
    at::globalContext().setCheckSparseTensorInvariants(true);
    detail::register_engine();
    detail::register_tensor_type(L);
    detail::register_indexing(L);
    detail::register_arithmetic(L);
    detail::register_creation(L);
    detail::register_autograd(L);
    detail::register_hooks(L);
    detail::register_optim(L);
    detail::register_files(L);
    lua_getglobal(L, "torch");
    lua_newtable(L);
    lua_pushcfunction(L, find_in_torch);
    lua_setfield(L, -2, "__index");
    lua_setmetatable(L, -2);
    lua_pop(L, 1);
}

}  // namespace hfc::lua
