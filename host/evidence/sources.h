// Runs and sweeps given to the commands, and their numbers side by side.
#pragma once

#include "base/natural_order.h"
#include "evidence/bands.h"
#include "evidence/join.h"
#include "host/evidence/sweep_directory.h"
#include "run/table.h"

#include <filesystem>
#include <map>
#include <string>
#include <vector>

namespace hfc::host {

/// One run or one sweep, and its data.
struct Source {
    /// The last directories of its path, as many as are needed to distinguish the sources.
    std::string label;
    std::filesystem::path path;
    bool is_sweep = false;
    std::vector<FinishedItem> items;
    std::map<std::string, std::string, NaturalOrder> settings;
};

/// Throws Error for a directory that does not exist, is given twice, or is neither a run nor a
/// sweep.
std::vector<Source> read_sources(const std::vector<std::string>& paths);

/// Creates and returns the directory to which a command writes: `out`, or FOLDER/NAMES-date-time.
/// Throws Error if that fails.
std::filesystem::path output_directory(const std::string& out, const std::vector<Source>& sources,
                                       const char* folder);

/// The settings that differ between sources (run::differing), with one row per setting and one
/// column per source.
run::Rows settings_that_differ(const std::vector<Source>& sources);

/// The joined tables of all sources, with an additional setting "source".
std::vector<evidence::JoinedTable> join_sources(const std::vector<Source>& sources);

/// Returns `settings` with its "source" replaced by that of `first`.
evidence::Json in_first_source(const evidence::Json& settings, const evidence::Json& first);

/// The numbers of all sources side by side, with one row for each key and column.
run::Rows side_by_side(const evidence::JoinedTable& table, const std::vector<Source>& sources);

/// All curves of all sources.
std::vector<evidence::BandFigure> source_figures(const std::vector<Source>& sources);

}  // namespace hfc::host
