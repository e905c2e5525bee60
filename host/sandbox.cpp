#include "host/sandbox.h"

#include "base/error.h"
#include "data/load.h"
#include "host/view.h"
#include "run/directory.h"
#include "sandbox/restrict.h"
#include "sandbox/supervise.h"
#include "sandbox/system_files.h"
#include "sandbox/writes.h"

#include <unistd.h>
#include <cctype>
#include <cstdlib>
#include <optional>

namespace hfc::host {
namespace {

namespace fs = std::filesystem;

/// A name for the run directory. The script passes its own name to hfc.run only later, but the
/// directory must be known before the script starts.
std::string name_of_run(const CommandLine& line) {
    auto name = line.has_chunk       ? "chunk"
                : line.script == "-" ? "stdin"
                                     : fs::path(line.script).stem().string();
    for (char& c : name) {
        c = std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '-' ? c : '_';
    }
    return name;
}

/// Makes the data directory readable. The exception is a link ./data that the user has not named:
/// it may have come with the script and may point to any directory.
void add_data(sandbox::Reach& reach, const CommandLine& line) {
    const auto folder = line.data.empty() ? data::root() : fs::path(line.data);
    const bool named = !line.data.empty() || std::getenv("HFC_DATA") != nullptr;
    std::error_code error;
    if (named || !fs::is_symlink(folder, error)) {
        reach.readable.push_back(folder);
    }
}

sandbox::Reach reach_of(const CommandLine& line) {
    auto reach = sandbox::system_files();
    reach.writable.emplace_back(line.out);
    add_data(reach, line);
    if (!line.has_chunk && line.script != "-") {
        const fs::path script = line.script;
        reach.readable.push_back(script);
        reach.readable.push_back(script.has_parent_path() ? script.parent_path() : ".");
    }
    return reach;
}

/// Creates a process for the script. Returns nothing in the new process; the old process waits for
/// it and returns the exit status.
std::optional<int> fork_into_run_directory(CommandLine& line) {
    run::Made made;
    if (!line.resume) {
        line.out = (line.out.empty() ? run::default_directory(name_of_run(line), made)
                                     : run::chosen_directory(line.out, made))
                       .string();
    }
    if (line.view) {
        start_viewer(line.out);
    }
    const auto status = sandbox::supervise({line.sandbox_seconds, line.sandbox_memory});
    if (!status) {
        made.keep();
    }
    return status;  // `made` removes a directory that is still empty
}

}  // namespace

void enter_sandbox(CommandLine& line) {
    const int version = sandbox::landlock_version();
    require(version > 0 || line.sandbox == Sandbox::lua,
            "option --sandbox requires Landlock, but this kernel does not support it or has it "
            "disabled; --sandbox=lua works without it, but relies only on the restrictions in Lua");
    if (const auto status = fork_into_run_directory(line)) {
        _exit(*status);  // exit() would spend 0.1 s on shutting LibTorch down
    }
    sandbox::confine_writes(line.out);
    if (line.sandbox == Sandbox::kernel) {
        sandbox::restrict_process(reach_of(line), version);
    }
}

}  // namespace hfc::host
