// What the name of a curve says: "natural: train low r=4".
#pragma once

#include <limits>
#include <string>

namespace hfc::viewer {

enum class Band { none, low, high };

struct SeriesName {
    std::string series;    ///< "natural"; empty where the name has none
    std::string quantity;  ///< "train low r=4"; the whole name where there is no series
    std::string subset;    ///< "train": the quantity without band and radius
    Band band = Band::none;
    double radius = std::numeric_limits<double>::quiet_NaN();

    bool has_radius() const { return radius == radius; }
};

/// The series ends at the last ": ". The band is a word "low" or "high" (also "low-pass"), the
/// radius the number in a word "r=4" or "r<=4".
SeriesName parse_series_name(const std::string& name);

}  // namespace hfc::viewer
