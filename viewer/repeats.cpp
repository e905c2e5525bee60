#include "viewer/repeats.h"

#include "evidence/statistics.h"

#include <algorithm>
#include <cmath>

namespace hfc::viewer {
namespace {

struct Value {
    double x;
    size_t curve, number;
    double y;
};

}  // namespace

Repeats join_repeats(const std::vector<Points>& curves) {
    std::vector<Value> values;
    for (size_t curve = 0; curve < curves.size(); ++curve) {
        const auto& [x, y] = curves[curve];
        for (size_t i = 0; i < y->size(); ++i) {
            if (std::isfinite((*x)[i]) && std::isfinite((*y)[i])) {
                values.push_back({(*x)[i], curve, i, (*y)[i]});
            }
        }
    }
    std::sort(values.begin(), values.end(), [](const Value& a, const Value& b) {
        return a.x != b.x           ? a.x < b.x
               : a.curve != b.curve ? a.curve < b.curve
                                    : a.number < b.number;
    });
    Repeats joined;
    std::vector<double> here;
    for (size_t i = 0; i < values.size(); ++i) {
        const bool last = i + 1 == values.size();
        const bool same_place = !last && values[i + 1].x == values[i].x;
        if (same_place && values[i + 1].curve == values[i].curve) {
            continue;  // a later value of the same curve follows
        }
        here.push_back(values[i].y);
        if (same_place) {
            continue;
        }
        const auto interval = evidence::mean_interval(here);
        const bool has_ends = interval.n > 1;
        joined.x.push_back(values[i].x);
        joined.mean.push_back(interval.mean);
        joined.low.push_back(has_ends ? interval.low : interval.mean);
        joined.high.push_back(has_ends ? interval.high : interval.mean);
        joined.most = std::max(joined.most, here.size());
        here.clear();
    }
    return joined;
}

}  // namespace hfc::viewer
