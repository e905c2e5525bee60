#include "host/evidence/sweep_options.h"

#include "base/error.h"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <array>
#include <string_view>

namespace hfc::host {
namespace {

constexpr const char* examples = R"text(
The values of the script's options:
  --lr 1e-4,1e-3             two runs; with several such options, every combination
  --dataset 'folder:a\,b'    a comma inside a value
  --radii 4,8 --radii 16     a list option: 4,8 is one value; repeat the option for more
  --preset quick,paper       presets are values too
  -- --jobs 5                a script option with the same name as a sweep option

Examples:
  hfc-host sweep scripts/batch_size.lua --seeds 5
  hfc-host sweep scripts/optimizers.lua --seeds 3 --lr 1e-4,1e-3 --jobs 2
  hfc-host sweep scripts/batch_size.lua --seeds 50 --slurm
  hfc-host sweep --resume sweeps/batch_size-20260102-030405
  hfc-host sweep scripts/batch_size.lua --seeds 5 --from docs/results/batch_size.csv \
    --save docs/results/batch_size.csv

Each run is a directory, sweeps/NAME-date-time/ITEM, and its output is in the file ITEM.log next
to it. Tables with the same name are joined in the sweep directory: the joined table gives the mean,
its 95 % interval (Student's t) and n.

Exit status: 0 success; 1 if a run failed; 2 usage error; 130 Ctrl-C; 143 SIGTERM.)text";

[[noreturn]] void wrong_use(const std::string& text) {
    host::wrong_use("sweep", text);
}

void add_options(CLI::App& app, SweepOptions& options) {
    app.add_option("--seeds", options.seeds, "run each combination with seed = 0 .. N-1")
        ->type_name("N");
    app.add_option("--jobs", options.jobs, "number of runs to execute at the same time (default 1)")
        ->check(CLI::Range(1, 1024))
        ->type_name("N");
    app.add_option("--threads", options.threads,
                   "number of CPU threads per run (default: the number of cores divided by "
                   "--jobs); results depend on this number, so the sweep stores it")
        ->check(CLI::Range(1, 1024))
        ->type_name("N");
    app.add_option("--device", options.device, "auto (CUDA if available), cpu, cuda or cuda:N")
        ->capture_default_str();
    app.add_option("--data", options.data,
                   "directory that contains the data sets' directories (default: $HFC_DATA, then "
                   "./data)")
        ->type_name("DIR");
    app.add_flag("--deterministic", options.deterministic,
                 "produce the same results on any number of cores, as for a single run");
    app.add_option("--out", options.out, "sweep directory (default: sweeps/NAME-date-time)")
        ->type_name("DIR");
    app.add_option("--resume", options.resume,
                   "continue the sweep in this directory: skip finished runs, resume killed runs, "
                   "and try failed runs once more")
        ->type_name("DIR");
    app.add_option("--from", options.from,
                   "reuse results: do not start runs that this CSV file already contains with the "
                   "same settings and seed")
        ->type_name("FILE");
    app.add_option("--save", options.save,
                   "add the finished runs to this CSV file, to be reused with --from")
        ->type_name("FILE");
    app.add_flag("--slurm", options.slurm,
                 "instead of starting runs, write DIR/array.sh, a Slurm batch script with one task "
                 "per run");
    app.add_option(
           "--share", options.share,
           "run this process's share of the sweep in this directory; the process is a task of "
           "a Slurm array or a rank under mpirun or srun")
        ->type_name("DIR");
    app.add_option("--collect", options.collect,
                   "join the results of all runs that --share has finished in this sweep directory")
        ->type_name("DIR");
    app.add_flag("--dry-run", options.dry_run, "list the runs, but do not start them");
}

void check_resumed(const SweepOptions& options, const char* name) {
    const bool others = !options.script.empty() || !options.arguments.empty() ||
                        options.seeds != 0 || options.threads != 0 || !options.out.empty() ||
                        !options.from.empty() || options.device != "auto" ||
                        !options.data.empty() || options.deterministic;
    if (others) {
        wrong_use(fmt::format(
            "option {} takes the script and its options from the sweep; only --jobs, --save "
            "and --dry-run can be given with it",
            name));
    }
}

/// Rejects options of hfc-host that a single run accepts but a sweep would not pass on.
void refuse_others(const std::vector<std::string>& arguments) {
    constexpr std::array<std::string_view, 8> others = {
        "--sandbox", "--sandbox-seconds", "--sandbox-memory",   "--debug",
        "--view",    "--parallel",        "--parallel-timeout", "--time-limit"};
    for (const auto& word : arguments) {
        const auto name = std::string_view(word).substr(0, word.find('='));
        if (std::ranges::find(others, name) != others.end()) {
            wrong_use(
                fmt::format("option {} works only with a single run, not with a sweep", name));
        }
    }
}

}  // namespace

SweepOptions parse_sweep(const std::vector<std::string>& words) {
    SweepOptions options;
    CLI::App app(
        "Runs a script with several seeds and with each combination of the given option "
        "values, and joins the tables and curves of the runs.");
    app.footer(examples);
    app.allow_extras();
    add_options(app, options);
    parse_words(app, "sweep",
                "script.lua [options] [script options]\n       hfc-host sweep --resume DIR", words);
    auto rest = app.remaining();
    if (!rest.empty() && !rest.front().starts_with("--")) {
        options.script = rest.front();
        rest.erase(rest.begin());
    }
    if (const auto end = std::ranges::find(rest, "--"); end != rest.end()) {
        rest.erase(end);  // the words after it belong to the script
    }
    refuse_others(rest);
    options.arguments = std::move(rest);
    if (app.count("--seeds") > 0 && options.seeds < 1) {
        wrong_use(fmt::format("option --seeds: expected at least 1 seed, got {}", options.seeds));
    }
    const auto others = app.count("--resume") + app.count("--share") + app.count("--collect");
    if (others > 1 || (others > 0 && options.slurm)) {
        wrong_use("only one of --resume, --share, --collect and --slurm can be given");
    }
    if (others > 0) {
        check_resumed(options, app.count("--resume") > 0  ? "--resume"
                               : app.count("--share") > 0 ? "--share"
                                                          : "--collect");
    } else if (options.script.empty()) {
        wrong_use(options.arguments.empty() ? "no script given"
                                            : fmt::format("the script must come first, before '{}'",
                                                          options.arguments[0]));
    }
    return options;
}

}  // namespace hfc::host
