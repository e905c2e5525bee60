#include "bindings/runtime/code.h"

namespace hfc::lua {

std::string code_of(lua_State* L) {
    const int top = lua_gettop(L);
    std::string bytes;
    lua_getglobal(L, "string");
    if (lua_istable(L, -1)) {
        lua_getfield(L, -1, "dump");
        lua_pushvalue(L, top);
        lua_pushboolean(L, 1);
        if (lua_isfunction(L, -3) && lua_pcall(L, 2, 1, 0) == 0 && lua_type(L, -1) == LUA_TSTRING) {
            size_t length = 0;
            const char* text = lua_tolstring(L, -1, &length);
            bytes.assign(text, length);
        }
    }
    lua_settop(L, top);
    return bytes;
}

}  // namespace hfc::lua
