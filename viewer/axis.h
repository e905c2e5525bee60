// The ticks of an axis and their labels.
#pragma once

#include "viewer/reduce.h"

#include <string>
#include <vector>

namespace hfc::viewer {

struct Tick {
    double value;
    std::string label;
};

/// Returns up to `most` round values (multiples of 1, 2 or 5 times a power of ten) within the
/// range, labelled with as many digits as are needed to distinguish them.
std::vector<Tick> linear_ticks(Range range, int most);

/// Powers of ten within a range given in log10 units (a tick's value is the logarithm), or round
/// values if there are fewer than two powers.
std::vector<Tick> log_ticks(Range range, int most);

/// The range from `low` to `high`, with a margin of this fraction on both sides. It is never empty.
Range fitted(double low, double high, double margin = 0.05);

}  // namespace hfc::viewer
