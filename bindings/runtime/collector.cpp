#include "bindings/runtime/collector.h"

#include <cstdint>
#include <new>
#include <thread>

namespace hfc::lua {
namespace {

/// A coroutine for the collector, because the stack of the running coroutine may be in any state.
lua_State* collecting = nullptr;
std::thread::id owner;
Release release_unreachable = nullptr;
bool in_collection = false;
char collecting_key;

int collect_protected(lua_State* L) {
    collect_garbage(L);
    return 0;
}

int64_t bytes_in_use(lua_State* L) {
    return int64_t{1024} * lua_gc(L, LUA_GCCOUNT, 0) + lua_gc(L, LUA_GCCOUNTB, 0);
}

/// Returns false on other threads, during a collection, or if there is no state or no garbage.
bool collect_for_memory() {
    if (collecting == nullptr || in_collection || std::this_thread::get_id() != owner) {
        return false;
    }
    in_collection = true;
    const int64_t before = bytes_in_use(collecting);
    // Protected: an error in a script's __gc must not pass through the code that needs the memory.
    // Such an error ends the collection, and the next attempt continues from there.
    constexpr int most_errors = 1000;
    for (int error = 0; error < most_errors; ++error) {
        if (lua_cpcall(collecting, collect_protected, nullptr) == 0) {
            break;
        }
        lua_settop(collecting, 0);
    }
    in_collection = false;
    return bytes_in_use(collecting) < before;
}

void collect_or_throw() {
    if (!collect_for_memory()) {
        throw std::bad_alloc();
    }
}

}  // namespace

void set_collected_state(lua_State* L) {
    collecting = nullptr;
    owner = std::this_thread::get_id();
    if (L != nullptr) {
        lua_pushlightuserdata(L, &collecting_key);
        collecting = lua_newthread(L);
        lua_rawset(L, LUA_REGISTRYINDEX);
    }
    std::set_new_handler(L != nullptr ? collect_or_throw : nullptr);
}

void set_release(Release release) {
    release_unreachable = release;
}

void collect_garbage(lua_State* L) {
    // An object released in one round may have held the last reference to objects that only the
    // next round can release.
    constexpr int most_rounds = 100;
    for (int round = 0; round < most_rounds; ++round) {
        const int released = release_unreachable != nullptr ? release_unreachable() : 0;
        lua_gc(L, LUA_GCCOLLECT, 0);
        if (released == 0) {
            break;
        }
    }
}

}  // namespace hfc::lua
