#include "bindings/runtime/state.h"

#include "base/interrupt.h"
#include "bindings/runtime/collector.h"
#include "bindings/runtime/environment.h"
#include "bindings/runtime/error.h"
#include "bindings/runtime/prelude.h"
#include "bindings/runtime/sandbox.h"
#include "bindings/runtime/types.h"
#include "parallel/group.h"
#include "parallel/launch.h"

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <stdexcept>
#include <string_view>

namespace hfc::lua {
namespace {

char info_key;
char api_key;

void remember(lua_State* L, char& key, const void* object) {
    lua_pushlightuserdata(L, &key);
    lua_pushlightuserdata(L, const_cast<void*>(object));
    lua_rawset(L, LUA_REGISTRYINDEX);
}

const void* remembered(lua_State* L, char& key) {
    lua_pushlightuserdata(L, &key);
    lua_rawget(L, LUA_REGISTRYINDEX);
    const void* object = lua_touserdata(L, -1);
    lua_pop(L, 1);
    return object;
}

/// The running state, for the signal handler. lua_sethook is the only Lua function that is safe to
/// call in a signal handler.
lua_State* interruptible = nullptr;

void stop_script(lua_State* L, lua_Debug*) {
    lua_sethook(L, nullptr, 0, 0);
    luaL_error(L, "interrupted");
}

void on_interrupt() {
    if (interruptible != nullptr) {
        lua_sethook(interruptible, stop_script, LUA_MASKCALL | LUA_MASKRET | LUA_MASKCOUNT, 1);
    }
}

/// host.run_file(name): runs a file of the prelude in the private environment. Upvalues: the
/// environment, the host table.
int run_prelude_file(lua_State* L) {
    const std::string_view name = luaL_checkstring(L, 1);
    for (const auto& file : prelude_files()) {
        if (name != file.name) {
            continue;
        }
        lua_pushfstring(L, "=hfc:%s", file.name);
        const char* const chunk = lua_tostring(L, -1);
        if (luaL_loadbuffer(L, file.text, std::strlen(file.text), chunk) != 0) {
            return lua_error(L);
        }
        lua_pushvalue(L, lua_upvalueindex(1));
        lua_setfenv(L, -2);
        lua_pushvalue(L, lua_upvalueindex(2));
        lua_call(L, 1, 0);
        return 0;
    }
    return luaL_error(L, "there is no built-in Lua file '%s'", lua_tostring(L, 1));
}

/// Runs all files except those that bindings/prelude/deferred.lua runs later.
int load_prelude(lua_State* L) {
    api_of(L).push_host_table(L);
    const int host = lua_gettop(L);
    push_private_environment(L);
    api_of(L).set_private_fields(L);
    lua_pushvalue(L, host);
    lua_pushcclosure(L, run_prelude_file, 2);
    const int run_file = lua_gettop(L);
    lua_pushvalue(L, run_file);
    lua_setfield(L, host, "run_file");
    for (const auto& file : prelude_files()) {
        lua_getfield(L, host, "is_for_later");
        bool later = false;
        if (lua_isfunction(L, -1)) {
            lua_pushstring(L, file.name);
            lua_call(L, 1, 1);
            later = lua_toboolean(L, -1) != 0;
        }
        lua_settop(L, run_file);
        if (!later) {
            lua_pushvalue(L, run_file);
            lua_pushstring(L, file.name);
            lua_call(L, 1, 0);
        }
    }
    // Garbage from loading would delay a script's first collections, and more garbage means more
    // cache misses in arithmetic on small tensors. The second call frees the objects that the first
    // one finalized.
    lua_gc(L, LUA_GCCOLLECT, 0);
    lua_gc(L, LUA_GCCOLLECT, 0);
    return 0;
}

int open_all(lua_State* L) {
    luaL_openlibs(L);
    api_of(L).register_all(L);
    return load_prelude(L);
}

}  // namespace

State::State(const Api& api, HostInfo info)
    : api_(api), info_(std::move(info)), L_(luaL_newstate()) {
    if (L_ == nullptr) {
        throw std::runtime_error("LuaJIT could not create a Lua state: out of memory");
    }
    const Turn turn;
    open_home(L_);
    set_collected_state(L_);
    remember(L_, info_key, &info_);
    remember(L_, api_key, &api_);
    if (info_.sandbox) {
        api_.prepare_sandbox();
    }
    lua_pushcfunction(L_, open_all);
    if (lua_pcall(L_, 0, 0, 0) != 0) {
        const std::string text =
            lua_tostring(L_, -1) != nullptr ? lua_tostring(L_, -1) : "unknown error";
        set_collected_state(nullptr);
        close_home(L_);
        lua_close(L_);
        throw std::runtime_error("the Lua API could not be set up: " + text);
    }
    if (info_.sandbox) {
        enter_sandbox(L_);
    }
}

State::~State() {
    const Turn turn;
    set_collected_state(nullptr);
    close_home(L_);
    lua_close(L_);
}

void State::set_arguments(const std::string& script, const std::vector<std::string>& arguments) {
    lua_createtable(L_, static_cast<int>(arguments.size()), 1);
    lua_pushstring(L_, script.c_str());
    lua_rawseti(L_, -2, 0);
    for (size_t i = 0; i < arguments.size(); ++i) {
        lua_pushstring(L_, arguments[i].c_str());
        lua_rawseti(L_, -2, static_cast<int>(i) + 1);
    }
    lua_setglobal(L_, "arg");
}

int State::run(const std::string& text, const std::string& name) {
    if (text.starts_with('\x1b')) {
        std::fprintf(stderr, "hfc-host: %s: cannot run compiled Lua; run the source file instead\n",
                     name.c_str());
        return 1;
    }
    // A first line that starts with '#' makes a script executable. Its line break is kept, so that
    // the line numbers are correct.
    const std::string source =
        text.starts_with('#') ? text.substr(std::min(text.find('\n'), text.size())) : text;
    int status = luaL_loadbufferx(L_, source.data(), source.size(), ("@" + name).c_str(), "t");
    if (status == 0) {
        status = call(0, 0);
    }
    const int exit_status =
        status == 0 ? (interrupt_requested() ? interrupt_status() : 0) : report_failure();
    lua_settop(L_, 0);
    return exit_status;
}

int State::call(int arguments, int results) {
    const Turn turn;
    const int handler = lua_gettop(L_) - arguments;
    lua_pushcfunction(L_, add_traceback);
    lua_insert(L_, handler);
    take_exit();  // clears a request from an earlier call
    interruptible = L_;
    set_interrupt_callback(on_interrupt);
    int status = lua_pcall(L_, arguments, results, handler);
    set_interrupt_callback(nullptr);
    interruptible = nullptr;
    lua_sethook(L_, nullptr, 0, 0);  // removes the hook if C++ code saw the request first
    if (const auto exit = take_exit()) {
        lua_settop(L_, handler);
        push(L_, *exit);
        status = LUA_ERRRUN;
    }
    lua_remove(L_, handler);
    return status;
}

int State::report_failure() const {
    parallel::before_message();
    const auto teller = parallel::teller();
    if (const Exit* exit = to_object<Exit>(L_, -1)) {
        if (!exit->message.empty()) {
            std::fprintf(stderr, "%s\n", exit->message.c_str());
        }
        return exit->status;
    }
    if (interrupt_requested()) {
        if (!parallel::has_agreed() || parallel::world().leads()) {
            std::fprintf(stderr, "%s: interrupted\n", teller.c_str());
        }
        return interrupt_status();
    }
    const std::string text = with_hint(describe_error(L_, lua_gettop(L_)));
    // In the sandbox, shows no source line: the message of an untrusted script could name any file.
    std::fprintf(stderr, "%s: %s\n", teller.c_str(),
                 (info_.sandbox ? text : with_source_line(text)).c_str());
    return 1;
}

const HostInfo& host_info(lua_State* L) {
    return *static_cast<const HostInfo*>(remembered(L, info_key));
}

const Api& api_of(lua_State* L) {
    return *static_cast<const Api*>(remembered(L, api_key));
}

}  // namespace hfc::lua
