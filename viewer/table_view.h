// Prepares tables for reading: sorted, with a sensible number of digits.
#pragma once

#include "run/csv.h"

#include <cstddef>
#include <vector>

namespace hfc::viewer {

/// Returns the table with shortened fractions; everything else, including integers, does not
/// change. All fractions in a column get the same number of decimals, chosen so that the largest
/// number has four significant digits. If the smallest number would then have fewer than two
/// digits, each fraction gets four significant digits instead.
run::CsvRows readable(const run::CsvRows& rows);

/// Returns the indices of the rows below the header, sorted by a column: numbers by value, then
/// texts in natural order, then empty fields. Rows that compare equal keep their order.
std::vector<size_t> sorted_rows(const run::CsvRows& rows, size_t column, bool descending);

}  // namespace hfc::viewer
