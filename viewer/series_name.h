// The parts of a curve's name: "natural: train low r=4".
#pragma once

#include <limits>
#include <string>

namespace hfc::viewer {

enum class Band { none, low, high };

struct SeriesName {
    std::string series;    ///< "natural"; empty if the name has no series
    std::string quantity;  ///< "train low r=4"; the whole name if there is no series
    std::string subset;    ///< "train": the quantity without the band and the radius
    Band band = Band::none;
    double radius = std::numeric_limits<double>::quiet_NaN();

    bool has_radius() const { return radius == radius; }
};

/// The series ends at the last ": ". The band is the word "low" or "high" (or "low-pass"), and the
/// radius is the number in a word such as "r=4" or "r<=4".
SeriesName parse_series_name(const std::string& name);

}  // namespace hfc::viewer
