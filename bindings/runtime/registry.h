// The registry of the API: each function is declared once, with its documentation, and Lua calls it
// through a single guarded trampoline.
#pragma once

#include "bindings/runtime/call.h"

#include <lua.hpp>

#include <map>
#include <string>
#include <vector>

namespace hfc::lua {

using Function = int (*)(Call& call);

/// A function of the API.
struct Declaration {
    /// Full name: "hfc.train", "torch.tensor", "Dataset:low_pass" (a method of the type Dataset).
    const char* name;
    Function function;
    /// The first line is the call, "hfc.accuracy(model, dataset, {batch_size = 100}) -> number". A
    /// blank line and the text follow: shapes, units, ranges, defaults, errors, source.
    const char* documentation;
};

/// Documentation by full name, in alphabetical order.
using Documentation = std::map<std::string, std::string>;
Documentation& documentation();

/// Puts functions into the table given by the prefix of their names ("hfc.frequency.split" into
/// hfc.frequency, which is created if it does not exist).
void declare(lua_State* L, const std::vector<Declaration>& declarations);

/// Pushes a guarded closure: C++ exceptions become Lua errors "script.lua:3: NAME: text", after all
/// C++ objects have been destroyed. `declaration` must outlive the state.
void push_function(lua_State* L, const Declaration& declaration);

/// Stores the documentation of a function of the prelude (name as in Declaration).
void declare_documentation(const std::string& name, const std::string& text);

/// Associates the function on the top of the stack with its name, so that help(f) finds it.
void remember_function(lua_State* L, const std::string& name);

/// Runs `work` in the same way as the trampoline, for closures with their own upvalues. `name` is
/// put in front of the error's text.
template <typename Work>
int guarded(lua_State* L, const char* name, Work&& work);

namespace detail {
/// Pushes the exception that is being handled as a Lua error value. Call it in a catch block.
void push_current_exception(lua_State* L, const char* name);
}  // namespace detail

template <typename Work>
int guarded(lua_State* L, const char* name, Work&& work) {
    try {
        return work();
    } catch (const std::exception&) {
        // Not catch (...), because LuaJIT's own errors unwind through here as foreign exceptions
        // and must not be caught.
        detail::push_current_exception(L, name);
    }
    return lua_error(L);
}

}  // namespace hfc::lua
