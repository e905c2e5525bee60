#include "bindings/runtime/environment.h"

#include <initializer_list>

namespace hfc::lua {
namespace {

/// Replaces the table on the top of the stack with a copy.
void copy_table(lua_State* L) {
    lua_newtable(L);
    lua_pushnil(L);
    while (lua_next(L, -3) != 0) {
        lua_pushvalue(L, -2);
        lua_insert(L, -2);
        lua_rawset(L, -4);
    }
    lua_remove(L, -2);
}

}  // namespace

void push_private_environment(lua_State* L) {
    lua_pushvalue(L, LUA_GLOBALSINDEX);
    copy_table(L);
    // `package` stays shared, because scripts set their search path in it.
    for (const char* library :
         {"string", "table", "math", "bit", "coroutine", "debug", "io", "os", "jit"}) {
        lua_getfield(L, -1, library);
        if (lua_istable(L, -1)) {
            copy_table(L);
        }
        lua_setfield(L, -2, library);
    }
}

}  // namespace hfc::lua
