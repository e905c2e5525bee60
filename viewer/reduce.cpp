#include "viewer/reduce.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace hfc::viewer {

std::vector<Column> reduce(const std::vector<double>& x, const std::vector<double>& y, Range view,
                           int width) {
    std::vector<Column> columns;
    bool gap = false;
    double before = -std::numeric_limits<double>::infinity();
    const double scale = width / (view.high - view.low);
    for (size_t i = 0; i < x.size(); ++i) {
        if (!std::isfinite(x[i]) || !std::isfinite(y[i])) {
            gap = true;
            continue;
        }
        gap = gap || x[i] < before;
        before = x[i];
        // Clamped before the conversion, because the pixel of a distant point would not fit into an
        // int.
        const int pixel = static_cast<int>(
            std::floor(std::clamp((x[i] - view.low) * scale, -1.0, double(width))));
        const bool outside = pixel < 0 || pixel >= width;
        if (!columns.empty() && !gap && columns.back().pixel == pixel) {
            if (outside && pixel < 0) {
                columns.back() = {pixel, y[i], y[i], y[i], y[i], columns.back().gap_before};
            } else if (!outside) {
                auto& column = columns.back();
                column.lowest = std::min(column.lowest, y[i]);
                column.highest = std::max(column.highest, y[i]);
                column.last = y[i];
            }
            continue;
        }
        columns.push_back({pixel, y[i], y[i], y[i], y[i], gap});
        gap = false;
    }
    return columns;
}

std::vector<double> smooth(const std::vector<double>& y, double weight) {
    std::vector<double> result(y.size());
    double sum = 0, weights = 0;
    for (size_t i = 0; i < y.size(); ++i) {
        if (!std::isfinite(y[i])) {
            result[i] = y[i];
            continue;
        }
        sum = weight * sum + y[i];
        weights = weight * weights + 1;
        result[i] = sum / weights;
    }
    return result;
}

}  // namespace hfc::viewer
