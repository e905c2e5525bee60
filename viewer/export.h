// Writes a panel's curves to files.
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
    const std::vector<double>*low, *high;  ///< the ends of its band; empty if it has none
    uint32_t color;                        ///< 0xRRGGBB
    /// Whether it is a curve of an earlier epoch: drawn without markers, not listed in the legend.
    bool faint = false;
    bool dotted = false;
};

struct ExportPanel {
    std::string title, x_name;
    bool logarithmic = false, logarithmic_x = false;
    Range x, y;  ///< the visible part
    std::vector<ExportCurve> curves;
};

/// The columns "curve,X,TITLE", and also "TITLE low" and "TITLE high" if there is a band. There is
/// one line for each point at which both values are finite, including points outside the visible
/// part. Numbers are written with all digits.
std::string to_csv(const ExportPanel& panel);

/// The visible part, with axes, ticks and a legend. Curves are drawn as lines, with markers if
/// there are few points.
std::string to_svg(const ExportPanel& panel, int width = 720, int height = 420);

/// Returns STEM.EXTENSION in the directory, or STEM-2, STEM-3 ... if that exists, so that nothing
/// is overwritten.
std::filesystem::path unused_name(const std::filesystem::path& folder, const std::string& stem,
                                  const std::string& extension);

}  // namespace hfc::viewer
