#include "bindings/runtime/lua_thread.h"

#include <atomic>
#include <map>
#include <mutex>
#include <stdexcept>
#include <thread>
#include <utility>
#include <vector>

namespace hfc::lua {
namespace {

std::mutex turn_of_lua;
thread_local int turns_taken = 0;  ///< by this thread; above 0, the thread holds the mutex

char home_key;

}  // namespace

/// `state_` is a coroutine that never runs code, so its stack is always free for use in this class.
/// Only the thread that has the turn uses it.
class Home {
  public:
    explicit Home(lua_State* L) : state_(lua_newthread(L)) { luaL_ref(L, LUA_REGISTRYINDEX); }

    bool open() const { return open_; }
    void close() { open_ = false; }

    /// Releases a registry entry: now if this thread has the turn, otherwise in the next
    /// take_dropped().
    void drop(int index) {
        if (turns_taken > 0) {
            if (open_) {
                luaL_unref(state_, LUA_REGISTRYINDEX, index);
            }
            return;
        }
        const std::scoped_lock lock(mutex_);
        dropped_.push_back(index);
        has_dropped_ = true;
    }

    void take_dropped() {
        if (!has_dropped_) {
            return;
        }
        const std::scoped_lock lock(mutex_);
        for (const int index : std::exchange(dropped_, {})) {
            luaL_unref(state_, LUA_REGISTRYINDEX, index);
        }
        has_dropped_ = false;
    }

    /// The coroutine of the calling thread; it lives as long as the state.
    lua_State* state_of_thread() {
        lua_State*& found = of_threads_[std::this_thread::get_id()];
        if (found == nullptr) {
            found = lua_newthread(state_);
            luaL_ref(state_, LUA_REGISTRYINDEX);
        }
        return found;
    }

  private:
    lua_State* state_;
    std::map<std::thread::id, lua_State*> of_threads_;
    bool open_ = true;
    std::mutex mutex_;  ///< protects dropped_
    std::vector<int> dropped_;
    std::atomic<bool> has_dropped_ = false;
};

struct Reference::Slot {
    std::shared_ptr<Home> home;
    int index;
    Slot(std::shared_ptr<Home> of, int at) : home(std::move(of)), index(at) {}
    ~Slot() { home->drop(index); }
    Slot(const Slot&) = delete;
    Slot& operator=(const Slot&) = delete;
};

namespace {

/// The Home of each open state. The map exists until the process ends, because a script may end the
/// process with os.exit(), which does not close the state.
std::map<lua_State*, std::shared_ptr<Home>>& homes() {
    static auto& all = *new std::map<lua_State*, std::shared_ptr<Home>>();
    return all;
}

/// Returns the state's Home, which exists until the state is closed and no Reference is left.
std::shared_ptr<Home>& home_of(lua_State* L) {
    lua_pushlightuserdata(L, &home_key);
    lua_rawget(L, LUA_REGISTRYINDEX);
    auto* home = static_cast<std::shared_ptr<Home>*>(lua_touserdata(L, -1));
    lua_pop(L, 1);
    if (home == nullptr) {
        throw std::logic_error("this Lua state was not created by hfc-host");
    }
    return *home;
}

}  // namespace

void open_home(lua_State* L) {
    std::shared_ptr<Home>& home = homes()[L];
    home = std::make_shared<Home>(L);
    lua_pushlightuserdata(L, &home_key);
    lua_pushlightuserdata(L, &home);
    lua_rawset(L, LUA_REGISTRYINDEX);
}

void close_home(lua_State* L) {
    std::shared_ptr<Home>& home = home_of(L);
    home->close();
    lua_pushlightuserdata(L, &home_key);
    lua_pushnil(L);
    lua_rawset(L, LUA_REGISTRYINDEX);
    homes().erase(L);
}

Reference::Reference(lua_State* L) {
    const auto& home = home_of(L);
    home->take_dropped();
    slot_ = std::make_shared<Slot>(home, luaL_ref(L, LUA_REGISTRYINDEX));
}

void Reference::push(lua_State* L) const {
    lua_rawgeti(L, LUA_REGISTRYINDEX, slot_->index);
}

Turn::Turn() {
    if (turns_taken == 0) {
        turn_of_lua.lock();
    }
    ++turns_taken;
}

Turn::Turn(const Reference& reference) : Turn() {
    Home& home = *reference.slot_->home;
    if (!home.open()) {
        // The destructor will run, because the delegated constructor has completed the object.
        throw std::runtime_error("a Lua function was called after its Lua state was closed");
    }
    home.take_dropped();
    own_state_ = detail::running == nullptr;
    if (own_state_) {
        detail::running = home.state_of_thread();
        top_ = lua_gettop(detail::running);
    }
    L_ = detail::running;
}

Turn::~Turn() {
    if (own_state_) {
        // Removes values that an error has left on the stack. While a script is running, lua_pcall
        // does this.
        lua_settop(L_, top_);
        detail::running = nullptr;
    }
    if (--turns_taken == 0) {
        turn_of_lua.unlock();
    }
}

TurnGiven::TurnGiven() : depth_(std::exchange(turns_taken, 0)) {
    if (depth_ > 0) {
        turn_of_lua.unlock();
    }
}

TurnGiven::~TurnGiven() {
    if (depth_ > 0) {
        turn_of_lua.lock();
        turns_taken = depth_;
    }
}

}  // namespace hfc::lua
