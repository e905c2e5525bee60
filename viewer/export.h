// A panel's curves as files.
#pragma once

#include "viewer/reduce.h"

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace hfc::viewer {

struct ExportCurve {
    std::string name;
    const std::vector<double>* x;          ///< on a logarithmic axis: the logarithms to base 10
    const std::vector<double>* y;          ///< on a logarithmic axis: the logarithms to base 10
    const std::vector<double>*low, *high;  ///< the ends of its band; empty without one
    uint32_t color;                        ///< 0xRRGGBB
    bool faint = false;  ///< an earlier epoch's: without marks, and not in the legend
    bool dotted = false;
};

struct ExportPanel {
    std::string title, x_name;
    bool logarithmic = false, logarithmic_x = false;
    Range x, y;  ///< the part shown
    std::vector<ExportCurve> curves;
};

/// "curve,X,TITLE", also "TITLE low" and "TITLE high" if there is a band, and a line for each point
/// where both values are finite, zoomed away or not; numbers with all their digits.
std::string to_csv(const ExportPanel& panel);

/// The part shown, with axes, ticks and a legend; lines where there are many points, marks too
/// where there are few.
std::string to_svg(const ExportPanel& panel, int width = 720, int height = 420);

/// STEM.EXTENSION in the folder, or STEM-2, STEM-3 ... where there is one: nothing is overwritten.
std::filesystem::path unused_name(const std::filesystem::path& folder, const std::string& stem,
                                  const std::string& extension);

}  // namespace hfc::viewer
