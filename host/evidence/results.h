// Writes the joined results of runs: tables, differences, figures.
#pragma once

#include "evidence/bands.h"
#include "evidence/join.h"

#include <filesystem>
#include <string>
#include <vector>

namespace hfc::host {

/// Writes NAME.csv and NAME.md for each table, and NAME-differences.csv and .md if settings can be
/// compared in pairs. Returns the tables' notes.
std::vector<std::string> write_tables(const std::filesystem::path& directory,
                                      const std::vector<evidence::JoinedTable>& tables,
                                      evidence::Baseline baseline);

/// Writes NAME.svg, NAME.png and NAME.pdf. If gnuplot is not installed, writes the gnuplot programs
/// that draw them instead: NAME.svg.gp and so on.
void write_figures(const std::filesystem::path& directory,
                   const std::vector<evidence::BandFigure>& figures);

/// The differences as rows: readable_differences() for printing, exact_differences() with all
/// digits for a CSV file.
run::Rows readable_differences(const std::vector<evidence::Difference>& differences);
run::Rows exact_differences(const std::vector<evidence::Difference>& differences);

}  // namespace hfc::host
