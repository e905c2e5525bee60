// Where an axis has its ticks and how they are written.
#pragma once

#include "viewer/reduce.h"

#include <string>
#include <vector>

namespace hfc::viewer {

struct Tick {
    double value;
    std::string label;
};

/// At most `most` round values (1, 2 or 5 times a power of ten apart) within the range, labelled
/// with as many digits as tell them apart.
std::vector<Tick> linear_ticks(Range range, int most);

/// Powers of ten within a range given in log10 units (value is the logarithm); round values where
/// there are fewer than two powers.
std::vector<Tick> log_ticks(Range range, int most);

/// A range that holds all finite values, with a margin of that share on both sides; never without
/// extent.
Range fitted(double low, double high, double margin = 0.05);

}  // namespace hfc::viewer
