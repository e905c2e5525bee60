// A Lua state with the whole API.
#pragma once

#include <lua.hpp>

#include <filesystem>
#include <string>
#include <vector>

namespace hfc::lua {

/// The host's information about the run for the API (config.json, hfc.run, hfc.options).
struct HostInfo {
    std::vector<std::string> command_line;  ///< as typed
    std::filesystem::path script;           ///< empty for -e and standard input
    std::string text;                       ///< the script's text
    std::filesystem::path out;              ///< --out or --resume; if empty, hfc.run chooses it
    bool resume = false;                    ///< `out` contains a run to continue
    bool sandbox = false;                   ///< the script is untrusted
    bool draws = true;                      ///< gnuplot draws figures, if it is installed
    bool debug = false;                     ///< --debug
    std::filesystem::path plan;             ///< --write-plan: for hfc.options; empty without it
};

/// The API that a state offers to scripts. The runtime itself does not depend on tensors or
/// experiments.
struct Api {
    void (*prepare_sandbox)();           ///< called first if the script is untrusted
    void (*register_all)(lua_State* L);  ///< tables and types
    /// Pushes the table that each prelude file gets as `...`.
    void (*push_host_table)(lua_State* L);
    /// Sets the fields of the table at the top that only the prelude may read.
    void (*set_private_fields)(lua_State* L);
    /// The text of a value for a traceback of --debug; empty if it does not have one of the API's
    /// types.
    std::string (*show)(lua_State* L, int index);
};

class State {
  public:
    /// api must outlive the state.
    explicit State(const Api& api, HostInfo info = {});
    ~State();
    State(const State&) = delete;
    State& operator=(const State&) = delete;

    lua_State* get() const { return L_; }

    /// Sets the global `arg`, from which hfc.options reads.
    void set_arguments(const std::string& script, const std::vector<std::string>& arguments);

    /// Runs a chunk of Lua source text. Returns the exit status: 0 success; 1 after an error (text
    /// and traceback on standard error); 2 after a usage error; 130 after Ctrl-C; 143 after
    /// SIGTERM. Compiled chunks are refused. name: "script.lua" or "-e", for messages.
    int run(const std::string& text, const std::string& name);

    /// Calls the function below `arguments` values on the stack; Ctrl-C can stop it. Leaves
    /// `results` values, or the error value with a traceback. Returns lua_pcall's status. A call
    /// that has requested an Exit fails with it, even if the script caught it.
    int call(int arguments, int results);

    /// Prints the error on the top of the stack and returns the status, as run() does.
    int report_failure() const;

  private:
    const Api& api_;
    HostInfo info_;
    lua_State* L_;
};

/// The info with which the host made this state.
const HostInfo& host_info(lua_State* L);
/// The API with which the state was made.
const Api& api_of(lua_State* L);

}  // namespace hfc::lua
