// Determines which thread runs Lua, and holds Lua values in C++. LibTorch's engine calls hooks and
// backward functions written in Lua from its own threads, one per GPU, but only one thread at a
// time may use a Lua state.
#pragma once

#include <lua.hpp>

#include <memory>
#include <utility>

namespace hfc::lua {

/// Connects a Lua state with the C++ objects that hold its values and may outlive it.
class Home;

/// Connects a new main state with its Home; called once, when the state is made.
void open_home(lua_State* L);
/// Disconnects the state, so that no C++ object uses it any more; called before lua_close().
void close_home(lua_State* L);

/// Keeps a Lua value alive for C++, in the registry, until the last copy of the Reference is
/// destroyed. This may happen on any thread. If that thread does not have the Turn, the next thread
/// that has it releases the value.
class Reference {
  public:
    Reference() = default;
    /// Takes the value from the top of the stack.
    explicit Reference(lua_State* L);
    void push(lua_State* L) const;
    explicit operator bool() const { return slot_ != nullptr; }

  private:
    friend class Turn;
    struct Slot;
    std::shared_ptr<Slot> slot_;
};

/// The right to run Lua. Only one thread at a time has it. A nested scope on the same thread costs
/// nothing. Throws std::runtime_error if the reference's state is closed.
class Turn {
  public:
    Turn();
    /// Also provides the Lua state for calls: the state that called the innermost declared function
    /// of this thread or, if there is none, a coroutine reserved for the thread. The stacks of
    /// different threads therefore never mix.
    explicit Turn(const Reference& reference);
    ~Turn();
    Turn(const Turn&) = delete;
    Turn& operator=(const Turn&) = delete;

    lua_State* state() const { return L_; }

  private:
    lua_State* L_ = nullptr;
    int top_ = 0;
    bool own_state_ = false;
};

/// Lets other threads run Lua while this thread waits or computes, and takes the turn back at the
/// end.
class TurnGiven {
  public:
    TurnGiven();
    ~TurnGiven();
    TurnGiven(const TurnGiven&) = delete;
    TurnGiven& operator=(const TurnGiven&) = delete;

  private:
    int depth_;
};

namespace detail {
inline constinit thread_local lua_State* running = nullptr;
}

/// The Lua state (main or coroutine) that called the innermost declared function running on this
/// thread, or nullptr if there is none.
inline lua_State* running_state() {
    return detail::running;
}

/// Declared functions run in this scope.
class RunningScope {
  public:
    explicit RunningScope(lua_State* L) : before_(std::exchange(detail::running, L)) {}
    ~RunningScope() { detail::running = before_; }
    RunningScope(const RunningScope&) = delete;
    RunningScope& operator=(const RunningScope&) = delete;

  private:
    lua_State* before_;
};

}  // namespace hfc::lua
