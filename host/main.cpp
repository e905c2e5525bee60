// hfc-host: reads the command line, creates a Lua state with the API, and runs the script.
#include "base/device.h"
#include "base/error.h"
#include "base/file.h"
#include "base/interrupt.h"
#include "base/machine.h"
#include "bindings/hfc/register.h"
#include "bindings/hfc/run.h"
#include "bindings/hfc/versions.h"
#include "bindings/runtime/state.h"
#include "data/load.h"
#include "host/command_line.h"
#include "host/evidence/command_words.h"
#include "host/microscope.h"
#include "host/repl.h"
#include "host/sandbox.h"
#include "host/view.h"
#include "image_file/image_file.h"
#include "parallel/group.h"
#include "parallel/launch.h"

#include <ATen/Context.h>
#include <ATen/Parallel.h>

#include <unistd.h>
#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <iostream>
#include <iterator>

namespace hfc::host {
namespace {

void print_version() {
    for (const auto& [library, version] : lua::versions()) {
        fmt::print("{} {}\n", library, version);
    }
    try {
        fmt::print("OpenCV {}\n", image_file::opencv_version());
    } catch (const Error& error) {
        fmt::print("OpenCV: {}\n", error.what());
    }
    fmt::print("bfloat16 {}\n",
               processor_has_bfloat16() ? "yes" : "not supported by this processor");
    const auto& cuda = cuda_status();
    fmt::print("CUDA {}\n", cuda.usable ? fmt::format("usable, {} device(s)", cuda.devices)
                                        : "not usable: " + cuda.reason);
}

std::string read_script(const CommandLine& line) {
    if (line.resume) {
        return read_file(std::filesystem::path(line.out) / "script.lua");
    }
    if (line.script == "-") {  // mpirun passes it to rank 0
        auto& group = parallel::world();
        return group.broadcast_text(
            group.leads() ? std::string(std::istreambuf_iterator<char>(std::cin), {}) : "");
    }
    return read_file(line.script);
}

/// LibTorch's own number of threads depends on the affinity mask and on OMP_NUM_THREADS, but
/// ignores the CPU quota. This number is queried only if it may be too large, because the query
/// makes MKL move from core to core, which takes 5 ms.
void choose_threads(const CommandLine& line) {
    if (line.threads > 0 || line.deterministic) {
        at::set_num_threads(std::max(line.threads, 1));
        return;
    }
    const auto quota = cpu_quota();
    const bool limited = quota && *quota <= usable_cpus();
    if (std::getenv("OMP_NUM_THREADS") != nullptr || (!limited && parallel::world().size() == 1)) {
        return;
    }
    const int own = at::get_num_threads();
    at::set_num_threads(
        static_cast<int>(parallel::fair_threads(limited ? std::min(own, *quota) : own)));
}

/// Applies the settings of the whole process.
void apply_settings(const CommandLine& line) {
    set_default_device(parse_device(line.device));
    choose_threads(line);
    if (line.deterministic) {
        ::setenv("CUBLAS_WORKSPACE_CONFIG", ":4096:8", 0);  // for reproducible cuBLAS results
        at::globalContext().setDeterministicAlgorithms(true, /*warn_only=*/false);
        at::globalContext().setDeterministicFillUninitializedMemory(false);
    }
    if (!line.data.empty()) {
        require(std::filesystem::is_directory(line.data),
                "option --data: '{}' is not a "
                "directory",
                line.data);
        data::set_root(line.data);
    }
}

/// Creates the directory and passes it to the function that the prelude exports under this name.
int write_into(const std::string& folder, const char* exported) {
    make_folder(folder);
    lua::State state(lua::whole_api());
    lua_getfield(state.get(), LUA_REGISTRYINDEX, exported);
    lua_pushlstring(state.get(), folder.data(), folder.size());
    return state.call(1, 0) == 0 ? 0 : state.report_failure();
}

/// --write-docs and --write-stubs.
int write_reference(const CommandLine& line) {
    const int status = line.write_docs.empty() ? 0 : write_into(line.write_docs, "hfc.write_docs");
    return status != 0 || line.write_stubs.empty()
               ? status
               : write_into(line.write_stubs, "hfc.write_stubs");
}

/// --check: prints the problems that the prelude finds in the script. Returns 1 if there are any.
int check_script(const std::string& path) {
    const std::string text = read_file(path);
    lua::State state(lua::whole_api());
    lua_getfield(state.get(), LUA_REGISTRYINDEX, "hfc.check");
    lua_pushlstring(state.get(), text.data(), text.size());
    lua_pushlstring(state.get(), path.data(), path.size());
    if (state.call(2, 1) != 0) {
        return state.report_failure();
    }
    return lua_tonumber(state.get(), -1) > 0 ? 1 : 0;
}

/// Forms a group of this process and the other processes that the launcher has started.
void join_others(const CommandLine& line, bool prompt) {
    parallel::begin({line.parallel, line.parallel_timeout});
    const bool several = parallel::world().size() > 1;
    require(!several || !prompt, "the prompt works only in a single process; run a script instead");
    require(!several || line.sandbox == Sandbox::none,
            "option --sandbox works only with a single process, because processes in the sandbox "
            "cannot communicate");
}

/// Checks, before any work is done, that the processes agree on everything that could make them
/// diverge.
void compare_with_others(const CommandLine& line, int count, const char* const* arguments,
                         const std::string& text) {
    auto& group = parallel::world();
    if (group.size() == 1) {
        return;
    }
    for (const auto& [library, version] : lua::versions()) {
        parallel::require_same(group, "the version of " + library, version);
    }
    parallel::require_same(group, "the number of threads", std::to_string(at::get_num_threads()));
    parallel::require_same(group, "the command line",
                           fmt::format("{}", fmt::join(arguments + 1, arguments + count, " ")));
    parallel::require_same(group, "the data directory", line.data);
    parallel::require_same(group, "the script's text", text);
}

void tell_results(bool finished) {
    if (const auto& directory = lua::latest_run_directory(); finished && !directory.empty()) {
        fmt::print("results in {}\n", directory);
    }
}

/// Runs the script, the chunk or the prompt that the command line selects.
int run_chunk_or_prompt(CommandLine& line, int count, const char* const* arguments) {
    const bool nothing_to_run = !line.has_chunk && line.script.empty();
    const bool prompt = line.interactive || (nothing_to_run && isatty(STDIN_FILENO) != 0);
    const bool only_prompt = prompt && nothing_to_run;
    if (nothing_to_run && !prompt) {
        line.script = "-";
    }
    const bool sandboxed = line.sandbox != Sandbox::none;
    require(!prompt || !sandboxed, "option --sandbox works only with scripts, not with the prompt");
    if (sandboxed) {
        enter_sandbox(line);  // before any thread starts: the kernel restricts only this one
    }
    join_others(line, prompt);
    apply_settings(line);
    if (line.view && !sandboxed) {
        start_viewer(line.out);
    }
    const std::string text = only_prompt ? "" : line.has_chunk ? line.chunk : read_script(line);
    const std::string name = only_prompt          ? "prompt"
                             : line.has_chunk     ? "-e"
                             : line.script == "-" ? "stdin"
                                                  : line.script;
    compare_with_others(line, count, arguments, text);
    install_interrupt_handler();
    if (line.time_limit > 0) {
        set_time_limit(line.time_limit);
    }
    const bool is_file = !line.has_chunk && line.script != "-" && !only_prompt;
    lua::State state(lua::whole_api(), {.command_line = {arguments, arguments + count},
                                        .script = is_file ? line.script : "",
                                        .text = text,
                                        .out = line.out,
                                        .resume = line.resume,
                                        .sandbox = sandboxed,
                                        .draws = line.sandbox != Sandbox::kernel,
                                        .debug = line.debug,
                                        .plan = line.write_plan});
    state.set_arguments(name, line.arguments);
    int status = state.run(text, name);
    tell_results(status == 0 && is_file);
    if (prompt) {
        clear_interrupt();
        const int prompt_status = run_prompt(state);
        status = prompt_status != 0 ? prompt_status : status;
    }
    const bool written = std::fflush(stdout) == 0 && std::ferror(stdout) == 0;
    if (status == 0 && !written) {
        std::fprintf(stderr, "hfc-host: cannot write to standard output: %s\n",
                     std::strerror(errno));
        return 1;
    }
    return status;
}

int run(int count, const char* const* arguments) {
    CommandLine line = parse(count, arguments);
    if (line.version) {
        print_version();
        return 0;
    }
    if (!line.check.empty()) {
        return check_script(line.check);
    }
    if (!line.write_docs.empty() || !line.write_stubs.empty()) {
        return write_reference(line);
    }
    return run_chunk_or_prompt(line, count, arguments);
}

}  // namespace
}  // namespace hfc::host

namespace {

/// Runs the command and reports errors. Returns the exit status.
int run_or_tell(int count, char** arguments) {
    try {
        if (count > 1 && std::strcmp(arguments[1], "view") == 0) {
            hfc::host::become_viewer(arguments + 1);
        }
        if (count > 1 && std::strcmp(arguments[1], "microscope") == 0) {
            return hfc::host::microscope({arguments + 2, arguments + count});
        }
        return hfc::host::run(count, arguments);
    } catch (const hfc::host::CommandLineExit& exit) {
        hfc::parallel::before_message();
        std::fprintf(exit.status == 0 ? stdout : stderr, "%s\n", exit.text.c_str());
        return exit.status;
    } catch (const hfc::host::CommandExit& exit) {
        std::fprintf(exit.status == 0 ? stdout : stderr, "%s\n", exit.text.c_str());
        return exit.status;
    } catch (const hfc::Error& error) {
        hfc::parallel::before_message();
        std::fprintf(stderr, "%s: %s\n", hfc::parallel::teller().c_str(), error.what());
        return 2;
    } catch (const std::exception& error) {
        hfc::parallel::before_message();
        std::fprintf(stderr, "%s: %s\n", hfc::parallel::teller().c_str(),
                     hfc::short_message(error).c_str());
        return 1;
    }
}

}  // namespace

int main(int count, char** arguments) {
    // A closed pipe or a full disk is an error to report, not a reason to die.
    std::signal(SIGPIPE, SIG_IGN);
    std::signal(SIGXFSZ, SIG_IGN);
    return hfc::parallel::finish(run_or_tell(count, arguments));
}
