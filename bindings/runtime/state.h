// A Lua state with the whole API.
#pragma once

#include <lua.hpp>

#include <filesystem>
#include <string>
#include <vector>

namespace hfc::lua {

/// Information that the API needs about the run (for config.json, hfc.run and hfc.options).
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
    /// Pushes the table that each prelude file receives as `...`.
    void (*push_host_table)(lua_State* L);
    /// In the table at the top of the stack, sets the fields that only the prelude may read.
    void (*set_private_fields)(lua_State* L);
    /// How a value appears in a --debug traceback; empty for a type that is not part of the API.
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

    /// Sets the global `arg`, which hfc.options reads.
    void set_arguments(const std::string& script, const std::vector<std::string>& arguments);

    /// Runs a chunk of Lua source text. Returns the exit status: 0 success; 1 after an error (text
    /// and traceback on standard error); 2 after a usage error; 130 after Ctrl-C; 143 after
    /// SIGTERM. Compiled chunks are refused. name: "script.lua" or "-e", for messages.
    int run(const std::string& text, const std::string& name);

    /// Calls the function below `arguments` values on the stack; Ctrl-C can stop it. Leaves
    /// `results` values, or the error value with a traceback. Returns lua_pcall's status. If the
    /// call requested an Exit, it fails with that Exit even if the script caught it.
    int call(int arguments, int results);

    /// Prints the error on the top of the stack and returns the status, as run() does.
    int report_failure() const;

  private:
    const Api& api_;
    HostInfo info_;
    lua_State* L_;
};

/// The HostInfo with which the host created this state.
const HostInfo& host_info(lua_State* L);
/// The API with which the state was created.
const Api& api_of(lua_State* L);

}  // namespace hfc::lua
