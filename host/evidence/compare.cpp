#include "host/evidence/compare.h"

#include "base/error.h"
#include "base/file.h"
#include "host/evidence/command_words.h"
#include "host/evidence/results.h"
#include "host/evidence/sources.h"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <cstdio>

namespace hfc::host {
namespace {

struct CompareOptions {
    std::vector<std::string> paths;
    std::string out;
};

constexpr const char* compare_notes = R"text(
Prints the settings that differ, the tables side by side, and the differences from the first
run or sweep, paired by seed, with their 95 % intervals. Also writes the tables, and figures with
all curves, to a directory.

Examples:
  hfc-host compare runs/heuristics-20260102-030405 runs/heuristics-20260102-040506
  hfc-host compare sweeps/a sweeps/b --out comparison

Exit status: 0 success; 2 usage error.)text";

CompareOptions parse_compare(const std::vector<std::string>& words) {
    CompareOptions options;
    CLI::App app("Compares runs and sweeps.");
    app.footer(compare_notes);
    app.add_option("RUN_OR_SWEEP", options.paths, "run directories or sweep directories");
    app.add_option("--out", options.out,
                   "directory to write to (default: "
                   "comparisons/NAMES-date-time)")
        ->type_name("DIR");
    parse_words(app, "compare", "RUN_OR_SWEEP RUN_OR_SWEEP... [options]", words);
    if (options.paths.size() < 2) {
        wrong_use("compare",
                  fmt::format("expected two or more runs or sweeps, got {}", options.paths.size()));
    }
    return options;
}

void print_rows(const std::string& title, const run::Rows& rows) {
    if (!rows.empty()) {
        fmt::print("\n{}\n\n{}", title, run::to_markdown(rows));
    }
}

void print_table(const evidence::JoinedTable& table, const std::vector<Source>& sources) {
    if (!table.note.empty()) {
        fmt::print("\n{}\n", table.note);
    }
    print_rows(fmt::format("{}: mean ± half-width of the 95 % confidence interval", table.name),
               side_by_side(table, sources));
    print_rows(fmt::format("{}: differences from {}, paired by seed", table.name, sources[0].label),
               readable_differences(differences(table, in_first_source)));
}

}  // namespace

int compare(const std::vector<std::string>& words) {
    const auto options = parse_compare(words);
    const auto sources = read_sources(options.paths);
    const auto tables = join_sources(sources);
    const auto different = settings_that_differ(sources);
    print_rows("settings that differ", different);
    if (different.empty()) {
        fmt::print("all settings are the same\n");
    }
    for (const auto& table : tables) {
        print_table(table, sources);
    }
    const auto directory = output_directory(options.out, sources, "comparisons");
    write_tables(directory, tables, in_first_source);
    if (!different.empty()) {
        write_file(directory / "settings.csv", run::to_csv(different), Sync::no);
        write_file(directory / "settings.md", run::to_markdown(different), Sync::no);
    }
    write_figures(directory, source_figures(sources));
    fmt::print("\ntables and figures in '{}'\n", directory.string());
    return 0;
}

}  // namespace hfc::host
