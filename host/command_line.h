// hfc-host [options] script.lua [script options]
#pragma once

#include <string>
#include <vector>

namespace hfc::host {

/// Who keeps an untrusted script from what is not its business.
enum class Sandbox { none, lua, kernel };

struct CommandLine {
    std::string script;  ///< path, "-" for standard input, "" with -e
    std::string chunk;   ///< of -e
    bool has_chunk = false;
    std::vector<std::string> arguments;  ///< the script's own
    std::string device = "auto";
    int threads = 0;  ///< 0: LibTorch's choice, one a core
    std::string data;
    std::string out;
    bool resume = false;  ///< --resume: `out` holds the run to go on with; script and arguments are
                          ///< that run's
    bool interactive = false;  ///< -i: a prompt after the script, or without one
    bool version = false;
    bool deterministic = false;  ///< the same numbers whatever the number of cores
    bool debug = false;          ///< --debug: locals in tracebacks, origins of errors and tensors
    std::string write_docs;      ///< --write-docs: the folder, "" without it
    std::string write_stubs;     ///< --write-stubs
    std::string write_plan;      ///< --write-plan: the file
    std::string check;           ///< --check: the script to look through, "" without it
    Sandbox sandbox = Sandbox::none;  ///< kernel: the kernel and Lua
    double sandbox_seconds = 3600;    ///< how long it may run
    double sandbox_memory = 4096;     ///< MB it may have
    std::string parallel = "auto";    ///< --parallel: how processes talk
    double parallel_timeout = 600;    ///< seconds that a process waits for the others
    double time_limit = 0;            ///< --time-limit: seconds; 0: none
    bool view = false;                ///< --view: with a window on the run
};

/// The command line was wrong, or answered by itself (--help): print `text` and end with `status`.
struct CommandLineExit {
    int status;
    std::string text;
};

/// Reads the command line. The options of the host that a script's user wants (--device, --threads,
/// --data, --out) count behind the script's name too. Throws CommandLineExit. With --resume DIR the
/// command line that stands in DIR/config.json is read in place of this one.
CommandLine parse(int count, const char* const* arguments);

}  // namespace hfc::host
