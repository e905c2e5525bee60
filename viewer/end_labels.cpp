#include "viewer/end_labels.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <string_view>
#include <vector>

namespace hfc::viewer {
namespace {

/// Labels that touch each other and are moved together.
struct Block {
    double sum;
    size_t count;

    double middle() const { return sum / static_cast<double>(count); }
};

/// Up to `most` of the labels, including the first and the last one.
std::vector<size_t> thinned(const std::vector<size_t>& order, size_t most) {
    if (order.size() <= most) {
        return order;
    }
    std::vector<size_t> kept;
    for (size_t i = 0; i < most; ++i) {
        kept.push_back(order[most == 1 ? 0 : i * (order.size() - 1) / (most - 1)]);
    }
    return kept;
}

}  // namespace

std::vector<double> spread_labels(const std::vector<double>& wanted, double height, Range within) {
    std::vector<double> places(wanted.size(), std::numeric_limits<double>::quiet_NaN());
    std::vector<size_t> order(wanted.size());
    std::iota(order.begin(), order.end(), size_t{0});
    std::erase_if(order, [&](size_t i) { return !std::isfinite(wanted[i]); });
    std::stable_sort(order.begin(), order.end(),
                     [&](size_t a, size_t b) { return wanted[a] < wanted[b]; });
    const double room = within.high - within.low;
    if (order.empty() || !(height > 0) || room < height) {
        return places;
    }
    order = thinned(order, static_cast<size_t>(room / height));
    // After subtracting the heights of the labels below, the positions must not decrease: isotonic
    // regression.
    std::vector<Block> blocks;
    for (size_t i = 0; i < order.size(); ++i) {
        blocks.push_back({wanted[order[i]] - static_cast<double>(i) * height, 1});
        while (blocks.size() > 1 && blocks[blocks.size() - 2].middle() >= blocks.back().middle()) {
            const auto last = blocks.back();
            blocks.pop_back();
            blocks.back().sum += last.sum;
            blocks.back().count += last.count;
        }
    }
    const double first = within.low + height / 2;
    const double last = within.high - height / 2 - static_cast<double>(order.size() - 1) * height;
    size_t i = 0;
    for (const auto& block : blocks) {
        const double base = std::clamp(block.middle(), first, std::max(first, last));
        for (size_t end = i + block.count; i < end; ++i) {
            places[order[i]] = base + static_cast<double>(i) * height;
        }
    }
    return places;
}

size_t shared_beginning(const std::vector<std::string_view>& labels) {
    if (labels.size() < 2) {
        return 0;
    }
    auto shared = labels.front();
    for (const auto label : labels) {
        const auto same = std::ranges::mismatch(shared, label).in1 - shared.begin();
        shared = shared.substr(0, static_cast<size_t>(same));
    }
    return shared.find_last_of(" -_/:,") + 1;  // npos + 1 is 0
}

size_t shared_ending(const std::vector<std::string_view>& labels) {
    if (labels.size() < 2) {
        return 0;
    }
    auto shared = labels.front();
    for (const auto label : labels) {
        const auto same =
            std::mismatch(shared.rbegin(), shared.rend(), label.rbegin(), label.rend()).first -
            shared.rbegin();
        shared = shared.substr(shared.size() - static_cast<size_t>(same));
    }
    const auto start = shared.find(" / ");
    return start == std::string_view::npos ? 0 : shared.size() - start;
}

}  // namespace hfc::viewer
