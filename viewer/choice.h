// What the user has chosen of all panels.
#pragma once

#include "viewer/run_data.h"

#include <array>
#include <set>
#include <string>

namespace hfc::viewer {

/// How the curves of one quantity ("accuracy") are spread over panels.
enum class Split {
    automatic,  ///< by series if there are more than `most_in_one_panel` curves, else in one panel
    one,        ///< in one panel
    series,     ///< a panel for each series of each run
    subset,     ///< a panel for "train", one for "test" ...
    curve       ///< a panel for each curve
};
inline constexpr std::array<const char*, 5> split_names = {"automatic", "by quantity", "by series",
                                                           "by data set", "one per curve"};
inline constexpr size_t most_in_one_panel = 8;

struct Choice {
    Axis axis = Axis::epoch;
    float smoothing = 0;  ///< weight of the moving average, in [0,1)
    bool logarithmic = false;
    bool logarithmic_x = false;
    bool dark = true;
    bool bands = true;   ///< runs that differ only in their seed are one curve with a band
    bool labels = true;  ///< at the ends of lines
    Split split = Split::automatic;
    int epoch = -1;                ///< of whole curves, show those up to this epoch; -1: all
    std::set<std::string> hidden;  ///< keys of curves
    std::string filter;            ///< what was typed

    bool operator==(const Choice&) const = default;
};

}  // namespace hfc::viewer
