#include "host/command_line.h"

#include "base/error.h"
#include "base/file.h"
#include "base/hex.h"

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include <algorithm>

namespace hfc::host {
namespace {

constexpr const char* examples = R"text(
Examples:
  hfc-host                                                 the prompt: type Lua, Tab completes,
                                                           help() shows help, Ctrl-D quits
  hfc-host scripts/shuffled_labels.lua                     the main experiment, on synthetic data
  hfc-host scripts/shuffled_labels.lua --help              the options of this script
  hfc-host scripts/shuffled_labels.lua --dataset cifar10 --data ~/data --device cuda
  hfc-host -e "print(hfc.frequency.mask(8, 8, 2))"

  hfc-host --resume runs/shuffled_labels-20260102-030405   continues a run that stopped

  hfc-host sweep scripts/shuffled_labels.lua --seeds 3     several seeds, and grids of options
  hfc-host compare runs/a runs/b                           tables, differences and curves of runs
  hfc-host report runs/a                                   one HTML page about a run
  hfc-host export --tensorboard runs/a --out tb            the metrics of a run, for TensorBoard
  hfc-host view runs                                       the curves of runs in a window
  mpirun -n 4 hfc-host script.lua                          four processes share the work
  hfc-host microscope net.pt2 --data ~/data                one image's frequencies in a window, and
                                                           what the network predicts for them

Exit status: 0 success; 1 script error; 2 usage error; 3 stopped by the sandbox; 130 Ctrl-C;
143 SIGTERM; 138 SIGUSR1 or the time limit.)text";

class Usage : public CLI::Formatter {
    std::string make_usage(const CLI::App*, std::string) const override {
        return "Usage: hfc-host [options] script.lua [script options]\n";
    }
};

/// Returns the number of the enumerator, because CLI11 parses enumerations from their numbers.
std::string sandbox_number(const std::string& text) {
    if (text != "true" && text != "kernel" && text != "lua") {
        throw CLI::ValidationError("--sandbox",
                                   "expected --sandbox or --sandbox=lua, got '" + text + "'");
    }
    return std::to_string(static_cast<int>(text == "lua" ? Sandbox::lua : Sandbox::kernel));
}

void add_shared_options(CLI::App& app, CommandLine& line) {
    app.add_option("--device", line.device, "auto (CUDA if available), cpu, cuda or cuda:N")
        ->capture_default_str();
    app.add_option("--threads", line.threads,
                   "number of CPU threads; 0 means one per core that this process may use, within "
                   "its CPU quota")
        ->check(CLI::Range(0, 1024))
        ->capture_default_str();
    app.add_option("--data", line.data,
                   "directory that contains the data sets' directories (default: $HFC_DATA, then "
                   "./data)");
    app.add_option("--out", line.out, "run directory (default: runs/NAME-date-time)");
    app.add_option("--parallel", line.parallel,
                   "how processes work together: none, mpi or auto (mpi under mpirun or srun)")
        ->capture_default_str();
    app.add_option("--parallel-timeout", line.parallel_timeout,
                   "seconds that a process waits for the others before all processes stop with an "
                   "error message")
        ->check(CLI::PositiveNumber)
        ->capture_default_str();
    app.add_option("--time-limit", line.time_limit,
                   "after this many seconds, write a checkpoint at the next batch and stop, as if "
                   "SIGUSR1 had been sent")
        ->check(CLI::PositiveNumber)
        ->type_name("SECONDS");
    app.add_flag("--deterministic", line.deterministic,
                 "produce the same results on any number of cores; use one thread unless "
                 "--threads is set");
    app.add_flag("--debug", line.debug,
                 "show local variables in tracebacks, and where LibTorch errors occurred; "
                 "hfc.memory() also reports which lines created the largest tensors");
    // A flag, because an option with an optional value would consume the script's name.
    app.add_flag("--sandbox", line.sandbox,
                 "run an untrusted script: the kernel lets it read only system libraries, its own "
                 "directory and the data directory, and write only to the run directory; it cannot "
                 "use the network or start programs. --sandbox=lua applies only the restrictions "
                 "in Lua")
        ->transform(sandbox_number);
    app.add_option("--sandbox-seconds", line.sandbox_seconds,
                   "time limit of the sandbox, in seconds")
        ->check(CLI::PositiveNumber)
        ->capture_default_str();
    app.add_option("--sandbox-memory", line.sandbox_memory, "memory limit of the sandbox, in MB")
        ->check(CLI::PositiveNumber)
        ->capture_default_str();
}

bool takes_value(const CLI::App& app, const std::string& token) {
    return app.get_option_no_throw(token) != nullptr;
}

/// Parses the host's options among the words after the script's name. Returns the other words,
/// which are the script's.
std::vector<std::string> take_shared_options(const std::vector<std::string>& behind,
                                             CommandLine& line) {
    CLI::App app;
    app.set_help_flag();
    add_shared_options(app, line);
    std::vector<std::string> mine;
    std::vector<std::string> others;
    for (size_t i = 0; i < behind.size(); ++i) {
        const std::string name = behind[i].substr(0, behind[i].find('='));
        if (!name.starts_with("--") || !takes_value(app, name)) {
            others.push_back(behind[i]);
            continue;
        }
        mine.push_back(behind[i]);
        if (behind[i].size() == name.size() && app.get_option(name)->get_items_expected_min() > 0 &&
            i + 1 < behind.size()) {
            mine.push_back(behind[++i]);
        }
    }
    std::reverse(mine.begin(), mine.end());  // the order that CLI11 expects
    app.parse(mine);
    return others;
}

[[noreturn]] void wrong_use(const std::string& text) {
    throw CommandLineExit{2, "hfc-host: " + text + "; see hfc-host --help"};
}

void split_remaining(const CLI::App& app, CommandLine& line) {
    auto remaining = app.remaining();
    if (remaining.empty()) {
        return;
    }
    if (!line.has_chunk) {
        line.script = remaining.front();
        if (line.script.size() > 1 && line.script.starts_with('-')) {
            std::vector<std::string> known;
            for (const auto* option : app.get_options()) {
                known.push_back(option->get_name());
            }
            wrong_use(fmt::format("unknown option '{}'{}", line.script,
                                  did_you_mean(line.script, known)));
        }
        remaining.erase(remaining.begin());
    }
    line.arguments = take_shared_options(remaining, line);
}

/// The command line with which the run in a directory was started.
std::vector<std::string> command_line_of(const std::filesystem::path& directory) {
    const auto path = directory / "config.json";
    if (!std::filesystem::is_regular_file(path)) {
        wrong_use(
            fmt::format("option --resume: '{}' is not a run directory: it has no "
                        "config.json",
                        directory.string()));
    }
    if (!std::filesystem::is_regular_file(directory / "script.lua")) {
        wrong_use(
            fmt::format("option --resume: the run in '{}' cannot be resumed: it was not started "
                        "from a script file",
                        directory.string()));
    }
    try {
        const auto config = nlohmann::json::parse(read_file(path, 16 << 20));
        if (!config.contains("command_line_hex")) {
            return config.at("command_line").get<std::vector<std::string>>();
        }
        std::vector<std::string> arguments;
        for (const auto& hex : config["command_line_hex"].get<std::vector<std::string>>()) {
            const auto bytes = from_hex(hex);
            if (!bytes) {
                wrong_use(
                    fmt::format("option --resume: 'command_line_hex' in '{}' is not hexadecimal",
                                path.string()));
            }
            arguments.push_back(*bytes);
        }
        return arguments;
    } catch (const nlohmann::json::exception&) {
        wrong_use(fmt::format("option --resume: '{}' does not contain the command line of the run",
                              path.string()));
    }
}

/// The path of the script of the run in `directory`. The script may have been given relative to a
/// working directory other than the current one.
std::string script_of(const std::filesystem::path& directory, const std::string& script) {
    if (script.empty() || script == "-" || std::filesystem::path(script).is_absolute()) {
        return script;
    }
    const auto config = nlohmann::json::parse(read_file(directory / "config.json", 16 << 20));
    const auto found = config.find("working_directory");
    const auto begun_in =
        found != config.end() && found->is_string() ? found->get<std::string>() : "";
    std::error_code error;
    const bool elsewhere =
        !begun_in.empty() && begun_in != std::filesystem::current_path(error).string();
    return elsewhere ? (std::filesystem::path(begun_in) / script).string() : script;
}

/// `line` comes from a run directory that may be untrusted. Only `now`, the command line that was
/// typed, may decide what the script can read.
void distrust(CommandLine& line, const CommandLine& now) {
    line.sandbox = now.sandbox;
    line.sandbox_seconds = now.sandbox_seconds;
    line.sandbox_memory = now.sandbox_memory;
    line.script = (std::filesystem::path(line.out) / "script.lua").string();
    if (!line.data.empty() && now.data.empty()) {
        wrong_use(
            fmt::format("option --resume: the run was started with --data '{}'; repeat --data, "
                        "because the sandbox does not trust the run directory",
                        line.data));
    }
}

/// The command line with which the run in `directory` was started. Options that may change when a
/// run is resumed are taken from `now`.
CommandLine parse_resumed(const CLI::App& app, const CommandLine& now,
                          const std::filesystem::path& directory) {
    if (now.has_chunk || !now.script.empty()) {
        wrong_use(
            "option --resume takes the script and its options from the run directory; do not "
            "repeat them");
    }
    if (!now.out.empty()) {
        wrong_use("option --resume continues in the same run directory, so --out is not allowed");
    }
    const auto texts = command_line_of(directory);
    std::vector<const char*> begun;
    std::transform(texts.begin(), texts.end(), std::back_inserter(begun),
                   [](const auto& text) { return text.c_str(); });
    const auto not_a_runs = [&] {
        wrong_use(fmt::format("option --resume: the config.json in '{}' was not written by a run",
                              directory.string()));
    };
    if (begun.empty() || std::find(texts.begin(), texts.end(), "--resume") != texts.end()) {
        not_a_runs();
    }
    auto line = parse(static_cast<int>(begun.size()), begun.data());
    if (line.has_chunk || line.version || !line.write_docs.empty() || !line.write_stubs.empty() ||
        !line.write_plan.empty()) {
        not_a_runs();  // such a line would write files before the script starts
    }
    line.out = directory.string();
    line.resume = true;
    line.script = script_of(directory, line.script);
    line.view = now.view;
    line.parallel = now.parallel;
    line.parallel_timeout = now.parallel_timeout;
    line.time_limit = now.time_limit;
    if (now.sandbox != Sandbox::none) {
        distrust(line, now);
    }
    if (app.count("--threads") > 0) {
        line.threads = now.threads;
    }
    if (app.count("--data") > 0) {
        line.data = now.data;
    }
    return line;
}

}  // namespace

CommandLine parse(int count, const char* const* arguments) {
    CommandLine line;
    std::string resumed;
    CLI::App app(
        "hfc-host runs frequency experiments on neural networks. Each experiment is a Lua script "
        "that uses PyTorch's operators.",
        "hfc-host");
    app.formatter(std::make_shared<Usage>());
    app.footer(examples);
    app.prefix_command();
    const auto* chunk = app.add_option("-e", line.chunk, "run a chunk of Lua instead of a script")
                            ->type_name("CHUNK");
    app.add_flag("-i", line.interactive, "open the prompt after the script, even after an error");
    app.add_option("--write-docs", line.write_docs,
                   "write the API reference to this directory, as Markdown")
        ->type_name("DIR");
    app.add_option("--write-stubs", line.write_stubs,
                   "write API stubs for lua-language-server to this directory")
        ->type_name("DIR");
    app.add_option("--write-plan", line.write_plan,
                   "used by hfc-host sweep: run the script up to hfc.options and write the given "
                   "options to FILE, as JSON")
        ->type_name("FILE");
    app.add_option("--check", line.check,
                   "check a script for syntax errors, tensors compared with == and tensors used as "
                   "conditions, without running it")
        ->type_name("SCRIPT");
    app.add_flag("--version", line.version,
                 "print the version of each component, and whether CUDA is available");
    app.add_flag(
        "--view", line.view,
        "show the run's curves in a window (hfc-host view RUNS... shows past and current runs)");
    add_shared_options(app, line);
    const auto* resume =
        app.add_option("--resume", resumed,
                       "continue the run in this directory, with its script and options")
            ->type_name("DIR");
    try {
        app.parse(count, arguments);
        line.has_chunk = chunk->count() > 0;
        split_remaining(app, line);
    } catch (const CLI::CallForHelp&) {
        throw CommandLineExit{0, app.help()};
    } catch (const CLI::ParseError& error) {
        wrong_use(error.what());
    }
    return resume->count() > 0 ? parse_resumed(app, line, resumed) : line;
}

}  // namespace hfc::host
