// hfc-host [options] script.lua [script options]
#pragma once

#include <string>
#include <vector>

namespace hfc::host {

/// How an untrusted script is restricted.
enum class Sandbox { none, lua, kernel };

struct CommandLine {
    std::string script;  ///< path, "-" for standard input, "" with -e
    std::string chunk;   ///< the argument of -e
    bool has_chunk = false;
    std::vector<std::string> arguments;  ///< the script's own arguments
    std::string device = "auto";
    int threads = 0;  ///< 0 means LibTorch's choice, one per core
    std::string data;
    std::string out;
    /// --resume: `out` contains the run to continue; script and arguments are taken from that run.
    bool resume = false;
    bool interactive = false;  ///< -i: a prompt after the script, or without one
    bool version = false;
    bool deterministic = false;  ///< the same numbers for any number of cores
    bool debug = false;          ///< --debug: locals in tracebacks, origins of errors and tensors
    std::string write_docs;      ///< --write-docs: the directory, "" without the option
    std::string write_stubs;     ///< --write-stubs
    std::string write_plan;      ///< --write-plan: the file
    std::string check;           ///< --check: the script to check, "" without the option
    Sandbox sandbox = Sandbox::none;  ///< kernel: both the kernel and Lua restrict the script
    double sandbox_seconds = 3600;    ///< the maximum duration
    double sandbox_memory = 4096;     ///< the maximum memory, in MB
    std::string parallel = "auto";    ///< --parallel: how processes communicate
    double parallel_timeout = 600;    ///< seconds that a process waits for the others
    double time_limit = 0;            ///< --time-limit: seconds; 0 means no limit
    bool view = false;                ///< --view: open a window that shows the run
};

/// The command line was wrong or needs no script (--help): print `text` and exit with `status`.
struct CommandLineExit {
    int status;
    std::string text;
};

/// Parses the command line. Some of the host's options (--device, --threads, --data, --out) may
/// also follow the script's name. Throws CommandLineExit. With --resume DIR, the command line in
/// DIR/config.json is used instead of this one.
CommandLine parse(int count, const char* const* arguments);

}  // namespace hfc::host
