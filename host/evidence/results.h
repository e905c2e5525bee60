// Writes what is joined of runs: tables, differences, figures.
#pragma once

#include "evidence/bands.h"
#include "evidence/join.h"

#include <filesystem>
#include <string>
#include <vector>

namespace hfc::host {

/// NAME.csv and NAME.md of each table, and NAME-differences.csv and .md where settings can be
/// compared in pairs. Returns the tables' notes.
std::vector<std::string> write_tables(const std::filesystem::path& directory,
                                      const std::vector<evidence::JoinedTable>& tables,
                                      evidence::Baseline baseline);

/// NAME.svg and NAME.png; the programs that draw them where gnuplot is not installed.
void write_figures(const std::filesystem::path& directory,
                   const std::vector<evidence::BandFigure>& figures);

/// The rows of the differences as they are printed; with exact numbers for a CSV file.
run::Rows readable_differences(const std::vector<evidence::Difference>& differences);
run::Rows exact_differences(const std::vector<evidence::Difference>& differences);

}  // namespace hfc::host
