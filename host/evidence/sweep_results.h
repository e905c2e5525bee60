// Writes the results of a sweep.
#pragma once

#include "evidence/bands.h"
#include "evidence/join.h"
#include "host/evidence/sweep_directory.h"

namespace hfc::host {

/// Writes the joined results of the finished runs: tables, differences between settings,
/// rows/runs.csv. Returns the joined tables. Throws Error if a file cannot be read or written.
std::vector<evidence::JoinedTable> write_joined_tables(const std::filesystem::path& sweep,
                                                       const SweepSettings& settings);

/// Writes the figures of the finished runs, with bands.
void write_joined_figures(const std::filesystem::path& sweep, const SweepSettings& settings);

/// The samples of the finished runs of a sweep. If `label` is not empty, it is added as the setting
/// "source".
std::vector<evidence::Sample> samples_of(const std::vector<FinishedItem>& items,
                                         const std::string& label);

/// The curves of the finished runs. label: the text before the settings in each curve's name.
std::vector<evidence::RunCurves> curves_of(const std::vector<FinishedItem>& items,
                                           const std::string& label);

}  // namespace hfc::host
