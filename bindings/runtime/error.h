// Errors on their way between C++ and Lua.
#pragma once

#include "bindings/runtime/lua_thread.h"

#include <lua.hpp>

#include <exception>
#include <memory>
#include <optional>
#include <string>

namespace hfc::lua {

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

/// Throws the Exit that a function of the API asked for and that has not reached the host yet (a
/// script's pcall may not stop it), or Interrupted after Ctrl-C.
void check_stop();

/// Called where an Exit leaves C++ for Lua: from now on check_stop() throws it.
void remember_exit(const Exit& exit);

/// Whether the script has to end: an Exit was asked for, or Ctrl-C pressed.
bool must_stop();

/// The Exit asked for, which is then done with; nothing where there was none.
std::optional<Exit> take_exit();

/// Calls the function and arguments on the stack as lua_call does. Throws LuaError where it fails;
/// Interrupted where it fails after Ctrl-C, so that the C++ around it keeps what it has.
void protected_call(lua_State* L, int arguments, int results);

/// The text of an error with a line that says what to write where LuaJIT's own message does not:
/// comparing a tensor by <, Python's operators & | @ // !=.
std::string with_hint(const std::string& text);

/// keep_frames(coroutine, value), called by Lua: where the error value has left the coroutine,
/// keeps the coroutine's frames for the traceback.
int keep_frames_of_coroutine(lua_State* L);

/// An error value for a person: a string as it is, an object as its __tostring says, a table with
/// its fields. Runs no code of the script but __tostring, whose own errors are caught.
std::string describe_error(lua_State* L, int index);

/// An error's text "script.lua:12: ..." with that line of the file behind its first line; the same
/// text where there is no such file.
std::string with_source_line(const std::string& text);

/// Message handler for lua_pcall: an error value becomes a string, with the frames of the script
/// and of the layers of its networks behind it, also those inside callbacks from C++. An Exit
/// passes.
int add_traceback(lua_State* L);

}  // namespace hfc::lua
