#include "bindings/runtime/environment.h"

#include <initializer_list>

namespace hfc::lua {
namespace {

/// Pushes a copy of the table on the top of the stack in its place.
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
    // `package` stays shared: it is what scripts set their search path in.
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
