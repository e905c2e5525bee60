// Prepares tables for reading: sorted, with a sensible number of digits.
#pragma once

#include "run/csv.h"

#include <cstddef>
#include <vector>

namespace hfc::viewer {

/// Returns the table with shortened numbers. Integers do not change. All fractions in a column have
/// the same number of decimals, so that the largest one has four significant digits. If a small one
/// would then have fewer than two digits, each fraction has four significant digits instead.
/// Everything else does not change.
run::CsvRows readable(const run::CsvRows& rows);

/// Returns the indices of the rows below the header, sorted by a column: numbers by value, then
/// texts in natural order, then empty fields. Equal rows stay in order.
std::vector<size_t> sorted_rows(const run::CsvRows& rows, size_t column, bool descending);

}  // namespace hfc::viewer
