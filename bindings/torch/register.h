// The table `torch` and the type Tensor.
#pragma once

#include <lua.hpp>

namespace hfc::lua {

void register_torch(lua_State* L);

/// Pushes the prelude's table `torch`. Reads use a table that no script can access, so that a
/// script that replaces torch.cat does not affect torch.nn; writes go to both tables.
void push_private_torch(lua_State* L);

/// Pushes host.apply_function, which the prelude uses for torch.autograd.Function.
void push_apply_function(lua_State* L);
/// Pushes host.data_pointer, which the prelude uses for x:data().
void push_data_pointer(lua_State* L);
/// Pushes host.dtype_limits, which the prelude uses for torch.finfo and torch.iinfo.
void push_dtype_limits(lua_State* L);

/// Pushes host.backend_switch, with which the prelude's torch.backends reads and sets PyTorch's
/// settings.
void push_backend_switch(lua_State* L);

namespace detail {
void register_engine();
void register_tensor_type(lua_State* L);
void register_creation(lua_State* L);
void register_pointers(lua_State* L);
void register_indexing(lua_State* L);
void register_arithmetic(lua_State* L);
void register_autograd(lua_State* L);
void register_hooks(lua_State* L);
void register_optim(lua_State* L);
void register_files(lua_State* L);
void register_settings(lua_State* L);
void register_cuda(lua_State* L);
}  // namespace detail

}  // namespace hfc::lua
