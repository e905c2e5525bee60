// Passes errors between C++ and Lua.
#pragma once

#include "bindings/runtime/lua_thread.h"

#include <lua.hpp>

#include <exception>
#include <memory>
#include <optional>
#include <string>

namespace hfc::lua {

/// An error raised by Lua code that C++ called (a script's callback). It carries Lua's error value
/// back through C++ frames.
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

/// Requests that the host end with this status. The message is printed to standard error without a
/// traceback, because the mistake is the user's and not the script's.
struct Exit : std::exception {
    Exit(int exit_status, std::string text) : status(exit_status), message(std::move(text)) {}
    const char* what() const noexcept override { return message.c_str(); }
    int status;
    std::string message;
};

/// "script.lua:12: " for the innermost function of a script on the stack, or "".
std::string script_position(lua_State* L);

/// If a function of the API has requested an Exit that has not reached the host yet (a script's
/// pcall may have caught it), throws that Exit. After Ctrl-C, throws Interrupted.
void check_stop();

/// Called when an Exit passes from C++ to Lua: from now on check_stop() throws it.
void remember_exit(const Exit& exit);

/// Whether the script must end: an Exit was requested, or Ctrl-C was pressed.
bool must_stop();

/// Returns and clears the requested Exit; nothing if there is none.
std::optional<Exit> take_exit();

/// Calls the function on the stack with the arguments above it, like lua_call. Throws LuaError if
/// the call fails, or Interrupted if it fails after Ctrl-C, so that C++ code such as training can
/// keep its results.
void protected_call(lua_State* L, int arguments, int results);

/// Returns the text of an error. If LuaJIT's own message does not help (after comparing a tensor
/// with <, or using Python's operators & | @ // !=), adds a line that suggests a correction.
std::string with_hint(const std::string& text);

/// keep_frames(coroutine, value), called by Lua: if the error value comes from the coroutine,
/// stores the coroutine's frames for the traceback.
int keep_frames_of_coroutine(lua_State* L);

/// Converts an error value to readable text: a string unchanged, an object by its __tostring, a
/// table with its fields. Runs no code of the script except __tostring, whose own errors are
/// caught.
std::string describe_error(lua_State* L, int index);

/// For an error's text "script.lua:12: ...", inserts line 12 of the file after the first line of
/// the text. Returns the text unchanged if there is no such file.
std::string with_source_line(const std::string& text);

/// Message handler for lua_pcall: an error value becomes a string, followed by the frames of the
/// script and of the layers of its networks, including those inside callbacks from C++. Leaves an
/// Exit unchanged.
int add_traceback(lua_State* L);

}  // namespace hfc::lua
