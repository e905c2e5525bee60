// Errors on their way between C++ and Lua.
#pragma once

#include <lua.hpp>

#include <exception>
#include <memory>
#include <string>

namespace hfc::lua {

/// The main state of the one that a coroutine's L belongs to. remember_main_state() is called once,
/// as the state is made.
lua_State* main_state(lua_State* L);
void remember_main_state(lua_State* L);

/// Keeps a Lua value alive for C++: in the registry until the last copy is gone.
class Reference {
  public:
    Reference() = default;
    /// Takes the value from the top of the stack.
    explicit Reference(lua_State* L);
    void push(lua_State* L) const { lua_rawgeti(L, LUA_REGISTRYINDEX, *index_); }
    explicit operator bool() const { return index_ != nullptr; }

  private:
    std::shared_ptr<int> index_;
};

/// An error raised by Lua code that C++ called (a callback of a script): carries Lua's own error
/// value back through C++ frames.
class LuaError : public std::exception {
  public:
    /// Takes the error value from the top of the stack.
    explicit LuaError(lua_State* L);
    const char* what() const noexcept override { return text_.c_str(); }
    /// Pushes the error value.
    void push(lua_State* L) const { value_.push(L); }

  private:
    std::string text_;
    Reference value_;
};

/// Asks the host to end with this status. A message is printed to standard error, without a
/// traceback: the user, not the script, is wrong.
struct Exit : std::exception {
    Exit(int exit_status, std::string text) : status(exit_status), message(std::move(text)) {}
    const char* what() const noexcept override { return message.c_str(); }
    int status;
    std::string message;
};

/// "script.lua:12: " of the innermost function on the stack that is a script's, or "".
std::string script_position(lua_State* L);

/// Calls the function and arguments on the stack as lua_call does; throws LuaError where it fails.
void protected_call(lua_State* L, int arguments, int results);

/// An error's text "script.lua:12: ..." with that line of the file behind its first line; the same
/// text where there is no such file.
std::string with_source_line(const std::string& text);

/// Message handler for lua_pcall: a text becomes text + traceback without the host's own frames;
/// other values pass.
int add_traceback(lua_State* L);

}  // namespace hfc::lua
