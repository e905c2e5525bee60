// Tables as people read them: sorted, with sensible digits.
#pragma once

#include "viewer/tables.h"

#include <cstddef>
#include <vector>

namespace hfc::viewer {

/// The table with numbers shortened for reading. Whole numbers stay. A column of fractions has one
/// number of decimals: four significant digits of its largest value, or four of each value where a
/// small one would otherwise lose all but one of its digits. All else stays as it is.
Rows readable(const Rows& rows);

/// The numbers of the rows below the header, in order by a column: numbers by value, then texts as
/// people count, then empty fields. Equal rows keep their order.
std::vector<size_t> sorted_rows(const Rows& rows, size_t column, bool descending);

}  // namespace hfc::viewer
