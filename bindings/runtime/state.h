// A Lua state with the whole API in it.
#pragma once

#include <lua.hpp>

#include <filesystem>
#include <string>
#include <vector>

namespace hfc::lua {

/// What the host knows of the run and the API tells on (config.json, hfc.run, hfc.options).
struct HostInfo {
    std::vector<std::string> command_line;  ///< as typed
    std::filesystem::path script;           ///< empty for -e and standard input
    std::string text;                       ///< the script's own
    std::filesystem::path out;              ///< --out or --resume; empty: chosen by hfc.run
    bool resume = false;                    ///< `out` holds a run to go on with
    bool sandbox = false;                   ///< the script is somebody else's
    bool draws = true;                      ///< figures are drawn by gnuplot, where there is one
    bool debug = false;                     ///< --debug
    std::filesystem::path plan;             ///< --write-plan: for hfc.options; empty without it
};

/// What a state offers to scripts. The runtime itself knows neither tensors nor experiments.
struct Api {
    void (*prepare_sandbox)();              ///< called first, where the script is somebody else's
    void (*register_all)(lua_State* L);     ///< tables and types
    void (*push_host_table)(lua_State* L);  ///< what each file of the prelude gets as `...`
    /// Sets the fields of the table at the top that the prelude alone may read.
    void (*set_private_fields)(lua_State* L);
    /// A value for a traceback of --debug; empty for one that is not of the API's types.
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

    /// Runs a chunk of Lua text. Returns the status the process should end with: 0; 1 after an
    /// error (text and traceback on standard error); 2 after wrong use; 130 after Ctrl-C, 143 after
    /// SIGTERM. Compiled chunks are refused. name: "script.lua" or "-e", for messages.
    int run(const std::string& text, const std::string& name);

    /// Calls the function below `arguments` values on the stack, stoppable by Ctrl-C; leaves
    /// `results` values, or the error's, with a traceback. Returns lua_pcall's status. A call that
    /// asked to end the script fails with that Exit, also where the script caught it.
    int call(int arguments, int results);

    /// Prints the error on the top of the stack; returns the status as run() does.
    int report_failure() const;

  private:
    const Api& api_;
    HostInfo info_;
    lua_State* L_;
};

/// The info of the host that made this state.
const HostInfo& host_info(lua_State* L);
/// The API that the state was made with.
const Api& api_of(lua_State* L);

}  // namespace hfc::lua
