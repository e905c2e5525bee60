#include "run/curve.h"

#include <algorithm>
#include <cmath>

namespace hfc::run {

void Curve::push(const std::array<double, 3>& place, double value) {
    for (size_t axis = 0; axis < place.size(); ++axis) {
        x[axis].push_back(place[axis]);
    }
    y.push_back(value);
}

void Curve::copy(size_t from, size_t to) {
    for (auto& along : x) {
        along[to] = along[from];
    }
    y[to] = y[from];
}

void Curve::add(const std::array<double, 3>& place, double value) {
    if (gathered_ == 0) {
        push(place, value);
        if (each_ > 1) {
            push(place, value);
        }
    } else if (const size_t last = y.size() - 1; !std::isnan(value)) {
        const double low = std::min(y[last - 1], y[last]), high = std::max(y[last - 1], y[last]);
        if (std::isnan(low) || value < low || value > high) {
            // A new minimum or maximum replaces the old one and is stored after the other extreme.
            const bool second_stays = std::isnan(y[last - 1]) ? !std::isnan(y[last])
                                      : value < low           ? y[last] > y[last - 1]
                                                              : y[last] < y[last - 1];
            if (second_stays) {
                copy(last, last - 1);
            }
            for (size_t axis = 0; axis < place.size(); ++axis) {
                x[axis][last] = place[axis];
            }
            y[last] = value;
        }
    }
    gathered_ = (gathered_ + 1) % each_;
}

void Curve::thin() {
    size_t kept = 0, begin = 0;
    for (; begin + 4 <= y.size(); begin += 4) {
        // NaN is neither low nor high, so a gap is kept only if all four values are NaN.
        size_t low = begin, high = begin;
        for (size_t i = begin + 1; i < begin + 4; ++i) {
            low = y[i] < y[low] || std::isnan(y[low]) ? i : low;
            high = y[i] > y[high] || std::isnan(y[high]) ? i : high;
        }
        const auto [first, second] = std::minmax(low, high);
        copy(first, kept);
        copy(second, kept + 1);
        kept += 2;
    }
    for (; begin < y.size(); ++begin) {
        copy(begin, kept++);
    }
    for (auto& along : x) {
        along.resize(kept);
    }
    y.resize(kept);
    each_ = std::max<size_t>(4, 2 * each_);
    gathered_ = 0;
}

}  // namespace hfc::run
