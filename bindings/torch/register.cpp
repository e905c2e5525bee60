#include "bindings/torch/register.h"

#include "bindings/runtime/error.h"
#include "bindings/runtime/registry.h"
#include "bindings/torch/operators.h"

#include <ATen/Context.h>

#include <string>
#include <unordered_map>
#include <vector>

namespace hfc::lua {
namespace {

/// The names of operators and of the other fields of the table `torch`.
std::vector<std::string> names_in_torch(lua_State* L) {
    std::vector<std::string> names = operator_names();
    lua_pushnil(L);
    while (lua_next(L, 1) != 0) {
        lua_pop(L, 1);
        if (lua_type(L, -1) == LUA_TSTRING) {
            names.emplace_back(lua_tostring(L, -1));
        }
    }
    return names;
}

/// Advice for names of Python's torch that make no sense in Lua or have no counterpart.
const char* advice_for(const std::string& name) {
    static const std::unordered_map<std::string, const char*> advice = {
        {"from_numpy", "Lua has no NumPy; torch.load reads .npy and .npz files"},
        {"frombuffer",
         "Lua has no buffers; torch.tensor accepts tables, and torch.load reads files"},
        {"from_dlpack",
         "hfc-host does not share memory with other libraries; torch.load reads files"},
        {"to_dlpack",
         "hfc-host does not share memory with other libraries; torch.save writes files"},
        {"lobpcg", "use torch.linalg.eigh, or torch.svd_lowrank"},
        {"distributions", "use torch.randn, torch.rand, torch.bernoulli or torch.multinomial"},
        {"masked", "use x:masked_fill(mask, value) before the operator, or x:masked_select(mask)"},
        {"nested", "pad the tensors to the same size with torch.nn.functional.pad"},
        {"sparse", "use torch.sparse_coo_tensor, x:to_sparse() and torch.matmul"},
        {"utils", "instead of using a DataLoader, loop over the batches of hfc.data"},
        {"jit", "hfc-host does not compile networks; torch.save saves a network's state_dict"},
        {"multiprocessing", "use --threads, or start hfc-host several times"},
        {"distributed", "use --threads, or start hfc-host several times"},
        {"hub", "hfc.model creates networks; torch.load reads their weights"},
    };
    const auto found = advice.find(name);
    return found == advice.end() ? nullptr : found->second;
}

/// Runs the prelude's file that defines torch.NAME, if there is one, and pushes the definition.
bool push_deferred(lua_State* L) {
    lua_getfield(L, LUA_REGISTRYINDEX, "hfc.first_use_in_torch");
    if (!lua_isfunction(L, -1)) {
        lua_pop(L, 1);
        return false;
    }
    lua_pushvalue(L, 2);
    protected_call(L, 1, 1);
    const bool ran = lua_toboolean(L, -1) != 0;
    lua_pop(L, 1);
    if (ran) {
        lua_pushvalue(L, 2);
        lua_rawget(L, 1);
    }
    return ran;
}

/// torch.NAME: finds the operator with this name at its first use and keeps it in the table.
int find_in_torch(lua_State* L) {
    // A release build of LuaJIT does not check that the argument of lua_rawset is a table.
    if (!lua_istable(L, 1) || lua_type(L, 2) != LUA_TSTRING) {
        return 0;
    }
    return guarded(L, "torch", [&] {
        if (push_deferred(L)) {
            return 1;
        }
        const std::string name = lua_tostring(L, 2);
        if (!push_operator(L, name)) {
            const char* advice = advice_for(name);
            require(advice == nullptr, "there is no torch.{} in hfc-host: {}", name, advice);
            fail("there is no torch.{}{}", name, did_you_mean(name, names_in_torch(L)));
        }
        lua_pushvalue(L, 2);
        lua_pushvalue(L, -2);
        lua_rawset(L, 1);
        return 1;
    });
}

/// private_torch[key] = value; also sets the field in the scripts' table, which is the upvalue.
int set_in_private_torch(lua_State* L) {
    lua_settop(L, 3);
    if (!lua_istable(L, 1) || lua_isnil(L, 2)) {
        return 0;
    }
    lua_pushvalue(L, 2);
    lua_pushvalue(L, 3);
    lua_rawset(L, lua_upvalueindex(1));
    lua_rawset(L, 1);
    return 0;
}

void set_torch_metatable(lua_State* L) {
    lua_createtable(L, 0, 3);
    lua_pushcfunction(L, find_in_torch);
    lua_setfield(L, -2, "__index");
    lua_pushliteral(L, "torch");
    lua_setfield(L, -2, "__metatable");
    lua_pushvalue(L, -1);
    lua_setmetatable(L, -3);
}

}  // namespace

void push_private_torch(lua_State* L) {
    lua_newtable(L);
    lua_getglobal(L, "torch");
    lua_pushnil(L);
    while (lua_next(L, -2) != 0) {
        lua_pushvalue(L, -2);
        lua_insert(L, -2);
        lua_rawset(L, -5);
    }
    lua_insert(L, -2);
    set_torch_metatable(L);
    lua_pushvalue(L, -3);
    lua_pushcclosure(L, set_in_private_torch, 1);
    lua_setfield(L, -2, "__newindex");
    lua_pop(L, 1);
    lua_remove(L, -2);
}

void register_torch(lua_State* L) {
    // Without this setting, the constructors of sparse tensors do not check their arguments.
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
    detail::register_settings(L);
    detail::register_cuda(L);
    lua_getglobal(L, "torch");
    set_torch_metatable(L);
    lua_pop(L, 2);
}

}  // namespace hfc::lua
