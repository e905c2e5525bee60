// The user's choices for all panels.
#pragma once

#include "viewer/run_names.h"

#include <array>
#include <set>
#include <string>

namespace hfc::viewer {

/// How the curves of one quantity ("accuracy") are divided into panels.
enum class Split {
    /// By series if there are more than `most_in_one_panel` curves, otherwise in one panel.
    automatic,
    one,     ///< in one panel
    series,  ///< one panel for each series of each run
    subset,  ///< one panel for "train", one for "test" ...
    curve    ///< one panel per curve
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
    bool bands = true;   ///< draw runs that differ only in their seed as one curve with a band
    bool labels = true;  ///< draw labels at the ends of lines
    Split split = Split::automatic;
    int epoch = -1;                ///< show whole curves up to this epoch; -1 means all
    std::set<std::string> hidden;  ///< the keys of hidden curves
    std::string filter;            ///< the text typed by the user

    bool operator==(const Choice&) const = default;
};

}  // namespace hfc::viewer
