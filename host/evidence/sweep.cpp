#include "host/evidence/sweep.h"

#include "base/counted.h"
#include "base/error.h"
#include "host/evidence/sweep_results.h"
#include "host/evidence/sweep_runner.h"
#include "host/evidence/sweep_share.h"
#include "host/evidence/sweep_start.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <functional>

namespace hfc::host {
namespace {

namespace fs = std::filesystem;

const char* name_of(ItemState state) {
    switch (state) {
        case ItemState::waiting:
            return "not started";
        case ItemState::begun:
            return "started";
        case ItemState::failed:
            return "failed";
        case ItemState::finished:
            return "finished";
        case ItemState::brought:
            return "already in the --from file";
    }
    return "";
}

std::vector<evidence::FinishedRun> read_rows(const std::string& path) {
    return path.empty()
               ? std::vector<evidence::FinishedRun>()
               : evidence::finished_runs_from_csv(read_file(path, uint64_t{256} << 20), path);
}

/// Checks before the first run, rather than after the last one, that the file can be written.
void check_save(const std::string& file) {
    if (file.empty()) {
        return;
    }
    std::error_code error;
    const auto folder = fs::absolute(file).parent_path();
    const bool exists = fs::exists(file, error);
    if (exists) {
        read_rows(file);
    }
    require(::access(exists ? file.c_str() : folder.c_str(), W_OK) == 0,
            "option --save: cannot write '{}': {}", file, std::strerror(errno));
}

void list_items(const SweepSettings& settings, const std::vector<evidence::FinishedRun>& brought) {
    fmt::print("{} with {} each, {} at a time, on {}\n", counted(settings.items.size(), "run"),
               counted(settings.threads, "thread"), settings.jobs, settings.device);
    for (const auto& item : settings.items) {
        const bool done = std::ranges::any_of(brought, [&](const auto& run) {
            return run.settings == item.hash && run.seed == item.seed;
        });
        fmt::print("{}  settings {}{}\n", item.name, item.hash, done ? "  done" : "");
    }
}

void list_items(const SweepDirectory& sweep) {
    for (const auto& item : sweep.settings().items) {
        fmt::print("{}  {}\n", item.name, name_of(sweep.state(item)));
    }
}

bool has_repeats(const std::vector<evidence::JoinedTable>& tables) {
    return std::ranges::any_of(tables, [](const auto& table) {
        return std::ranges::any_of(table.rows, [](const auto& row) {
            return std::ranges::any_of(row.cells,
                                       [](const auto& cell) { return cell.values.size() > 1; });
        });
    });
}

/// Why no cell of the tables has an interval.
const char* why_no_intervals(const std::vector<evidence::SweepItem>& items) {
    const bool one_seed = std::ranges::adjacent_find(items, std::ranges::not_equal_to(),
                                                     &evidence::SweepItem::seed) == items.end();
    return one_seed ? "each setting has only one seed (see --seeds)"
                    : "no cell of the tables combines two or more finished runs";
}

void print_tables(const std::vector<evidence::JoinedTable>& tables,
                  const std::vector<evidence::SweepItem>& items) {
    constexpr size_t most_rows = 40;
    for (const auto& table : tables) {
        if (!table.note.empty()) {
            fmt::print("\n{}\n", table.note);
        }
        if (table.rows.size() > most_rows) {
            fmt::print("\n{}: {} rows, in {}.md\n", table.name, table.rows.size(), table.name);
        } else if (!table.rows.empty()) {
            fmt::print("\n{}: mean ± half-width of the 95 % confidence interval\n{}", table.name,
                       run::to_markdown(to_readable_rows(table)));
        }
    }
    if (!tables.empty() && !has_repeats(tables)) {
        fmt::print("\nno intervals, because {}\n", why_no_intervals(items));
    }
}

/// Returns the number of failed runs.
size_t print_failures(const SweepDirectory& sweep) {
    size_t failed = 0;
    for (const auto& item : sweep.settings().items) {
        if (sweep.state(item) == ItemState::failed) {
            ++failed;
            fmt::print("failed: {}: {} (see '{}')\n", item.name, sweep.error(item),
                       sweep.item_log(item).string());
        }
    }
    return failed;
}

size_t count_done(const SweepDirectory& sweep) {
    return static_cast<size_t>(std::ranges::count_if(sweep.settings().items, [&](const auto& item) {
        const auto state = sweep.state(item);
        return state == ItemState::finished || state == ItemState::brought;
    }));
}

void save_rows(const SweepDirectory& sweep, const std::string& file) {
    std::vector<evidence::FinishedRun> runs;
    for (auto& item : finished_items(sweep.path(), sweep.settings())) {
        runs.push_back(std::move(item.run));
    }
    const auto added = add_finished_runs(file, runs);
    fmt::print("{} added to '{}'\n", counted(added, "run"), file);
}

/// Writes tables and figures, and prints a summary. stopped: the status if the user stopped the
/// runs, otherwise 0. Returns the exit status.
int join_runs(const SweepDirectory& sweep, const std::string& save, int stopped) {
    const auto tables = write_joined_tables(sweep.path(), sweep.settings());
    write_joined_figures(sweep.path(), sweep.settings());
    print_tables(tables, sweep.settings().items);
    fmt::print("\n{} of {} runs finished; results in '{}'\n", count_done(sweep),
               sweep.settings().items.size(), sweep.path().string());
    if (!save.empty()) {
        save_rows(sweep, save);
    }
    const auto failed = print_failures(sweep);
    if (stopped != 0 || failed > 0) {
        fmt::print("To continue: hfc-host sweep --resume '{}'\n", sweep.path().string());
    }
    return stopped != 0 ? stopped : failed > 0 ? 1 : 0;
}

int work(SweepDirectory& sweep, int jobs, const std::string& save) {
    return join_runs(sweep, save, SweepRunner(sweep, jobs).run());
}

/// Does this process's share of the runs, without waiting for other processes.
int work_share(const std::string& path, int jobs) {
    const auto share = share_of_environment();
    require(share.index >= 0 && share.index < share.count,
            "option --share: task {} from the environment is out of range for {} tasks",
            share.index, share.count);
    auto sweep = SweepDirectory::open(path, share.name());
    const int stopped = SweepRunner(sweep, jobs_for(sweep.settings(), jobs), share).run();
    const auto failed = print_failures(sweep);
    fmt::print("share {} finished; to join the runs: hfc-host sweep --collect '{}'\n", share.name(),
               sweep.path().string());
    return stopped != 0 ? stopped : failed > 0 ? 1 : 0;
}

/// Reports an error such as a full disk. The finished runs are kept, so the sweep can be continued.
int work_or_say(SweepDirectory& sweep, int jobs, const std::string& save) {
    try {
        return work(sweep, jobs, save);
    } catch (const Error& error) {
        std::fflush(stdout);
        std::fprintf(stderr, "hfc-host sweep: %s\nTo continue: hfc-host sweep --resume '%s'\n",
                     error.what(), sweep.path().c_str());
        return 1;
    }
}

}  // namespace

int sweep(const SweepOptions& options) {
    check_save(options.save);
    if (!options.share.empty()) {
        return work_share(options.share, options.jobs);
    }
    if (!options.collect.empty()) {
        return join_runs(SweepDirectory::open(options.collect), options.save, 0);
    }
    if (!options.resume.empty()) {
        auto directory = SweepDirectory::open(options.resume);
        const int jobs = jobs_for(directory.settings(), options.jobs);
        if (options.dry_run) {
            list_items(directory);
            return 0;
        }
        return work_or_say(directory, jobs, options.save);
    }
    const auto text = read_file(options.script, uint64_t{64} << 20);
    const auto brought = read_rows(options.from);
    const auto settings = settings_of(options);
    if (options.dry_run) {
        list_items(settings, brought);
        return 0;
    }
    auto directory = SweepDirectory::make(settings, text, options.out, brought);
    fmt::print("{} in '{}'\n", counted(settings.items.size(), "run"), directory.path().string());
    std::fflush(stdout);
    if (options.slurm) {
        fmt::print("submit them with: sbatch '{}'\n", write_array_script(directory).string());
        return 0;
    }
    return work_or_say(directory, settings.jobs, options.save);
}

}  // namespace hfc::host
