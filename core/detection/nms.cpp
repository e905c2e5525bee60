#include "base/clones.h"
#include "base/error.h"
#include "detection/boxes.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <limits>
#include <numeric>
#include <span>

namespace hfc::detection {
namespace {

void require_boxes(const at::Tensor& boxes, const at::Tensor& scores) {
    require(boxes.defined() && boxes.dim() == 2 && boxes.size(1) == 4 &&
                boxes.scalar_type() == at::kFloat,
            "boxes must be float32 [n, 4], got {}",
            boxes.defined() ? fmt::format("{} [{}]", at::toString(boxes.scalar_type()),
                                          fmt::join(boxes.sizes(), ", "))
                            : "nothing");
    require(scores.defined() && scores.dim() == 1 && scores.size(0) == boxes.size(0) &&
                scores.scalar_type() == at::kFloat,
            "scores must be float32 [{}], one per box, got {}", boxes.size(0),
            scores.defined() ? fmt::format("{} [{}]", at::toString(scores.scalar_type()),
                                           fmt::join(scores.sizes(), ", "))
                             : "nothing");
}

/// Sorts `order` by the keys that it points at, the lowest first; stable. Byte by byte from the
/// last, without those that are the same everywhere.
template <typename Key>
void sort_by_key(std::vector<int64_t>& order, const std::vector<Key>& keys) {
    std::vector<int64_t> next(order.size());
    for (unsigned shift = 0; shift < 8 * sizeof(Key); shift += 8) {
        const auto byte_of = [&](int64_t i) {
            return static_cast<size_t>(keys[static_cast<size_t>(i)] >> shift & 0xff);
        };
        std::array<size_t, 257> begin = {};
        for (const auto i : order) {
            ++begin[byte_of(i) + 1];
        }
        if (std::ranges::find(begin, order.size()) != begin.end()) {
            continue;
        }
        std::partial_sum(begin.begin(), begin.end(), begin.begin());
        for (const auto i : order) {
            next[begin[byte_of(i)]++] = i;
        }
        order.swap(next);
    }
}

/// The indices of the scores from the highest to the lowest, equal ones as they stand. NaN comes
/// first, as in PyTorch.
std::vector<int64_t> by_score(const at::Tensor& scores) {
    const auto values = scores.contiguous();
    const auto n = static_cast<size_t>(values.numel());
    std::vector<uint32_t> keys(n);
    for (size_t i = 0; i < n; ++i) {
        const float value = values.const_data_ptr<float>()[i] + 0.0F;  // -0 is 0
        const auto bits = std::bit_cast<uint32_t>(value);
        const bool negative = bits >> 31 != 0;
        keys[i] = std::isnan(value) ? 0 : negative ? bits : ~bits & 0x7fffffff;
    }
    std::vector<int64_t> order(n);
    std::iota(order.begin(), order.end(), 0);
    sort_by_key(order, keys);
    return order;
}

/// The boxes in the order in which they are looked at, side by side in memory.
struct Sorted {
    Sorted(const at::Tensor& boxes, const std::vector<int64_t>& order)
        : x1(order.size()),
          y1(order.size()),
          x2(order.size()),
          y2(order.size()),
          area(order.size()),
          dropped(order.size()) {
        const auto rows = boxes.contiguous();
        for (size_t i = 0; i < order.size(); ++i) {
            const auto* box = rows.const_data_ptr<float>() + 4 * order[i];
            x1[i] = box[0];
            y1[i] = box[1];
            x2[i] = box[2];
            y2[i] = box[3];
            area[i] = (x2[i] - x1[i]) * (y2[i] - y1[i]);
        }
    }
    std::vector<float> x1, y1, x2, y2, area;
    std::vector<int32_t> dropped;
};

/// Drops what overlaps box i among those behind it, up to `end`. Without branches, so that the
/// compiler takes several at once. A float above `threshold`, a float, is one above the double it
/// was rounded down from. Neither clone has fused multiplications, so both drop the same boxes.
HFC_CLONES("avx2") void drop_overlapping(Sorted& boxes, size_t i, size_t end, float threshold) {
    const auto left = boxes.x1[i], top = boxes.y1[i], right = boxes.x2[i], bottom = boxes.y2[i];
    const auto area = boxes.area[i];
    const float* x1 = boxes.x1.data();
    const float* y1 = boxes.y1.data();
    const float* x2 = boxes.x2.data();
    const float* y2 = boxes.y2.data();
    const float* areas = boxes.area.data();
    int32_t* dropped = boxes.dropped.data();
#pragma GCC ivdep
    for (size_t j = i + 1; j < end; ++j) {
        const float width = (x2[j] < right ? x2[j] : right) - (x1[j] > left ? x1[j] : left);
        const float height = (y2[j] < bottom ? y2[j] : bottom) - (y1[j] > top ? y1[j] : top);
        const float both = (width > 0 ? width : 0) * (height > 0 ? height : 0);
        const float either = area + areas[j] - both;
        dropped[j] |= both / either > threshold ? 1 : 0;
    }
}

float rounded_down(double threshold) {
    const auto rounded = static_cast<float>(threshold);
    return static_cast<double>(rounded) > threshold
               ? std::nextafter(rounded, -std::numeric_limits<float>::infinity())
               : rounded;
}

at::Tensor nms_on_cpu(const at::Tensor& boxes, const at::Tensor& scores, double threshold) {
    const auto order = by_score(scores);
    Sorted sorted(boxes, order);
    const auto limit = rounded_down(threshold);
    std::vector<int64_t> kept;
    for (size_t i = 0; i < sorted.dropped.size(); ++i) {
        if (sorted.dropped[i] == 0) {
            kept.push_back(order[i]);
            drop_overlapping(sorted, i, sorted.dropped.size(), limit);
        }
    }
    return at::tensor(kept, at::kLong);
}

/// int64: the order of an unstable sort, as torchvision has it. Without equal scores any sort gives
/// it.
at::Tensor best_first(const at::Tensor& scores) {
    const auto order = by_score(scores);
    const auto values = scores.contiguous();
    const auto* value = values.const_data_ptr<float>();
    const bool ties = std::ranges::adjacent_find(order, [&](int64_t a, int64_t b) {
                          return !(value[a] > value[b]);
                      }) != order.end();
    return ties ? std::get<1>(scores.sort(0, true)) : at::tensor(order, at::kLong);
}

/// Class by class.
at::Tensor nms_by_class(const at::Tensor& boxes, const at::Tensor& scores, const at::Tensor& labels,
                        double threshold) {
    const auto lowest = labels.min().item<int64_t>();
    std::vector<uint64_t> classes(static_cast<size_t>(labels.size(0)));
    std::ranges::transform(std::span(labels.const_data_ptr<int64_t>(), classes.size()),
                           classes.begin(), [&](int64_t label) {
                               return static_cast<uint64_t>(label) - static_cast<uint64_t>(lowest);
                           });
    auto order = by_score(scores);
    sort_by_key(order, classes);
    const auto class_of = [&](size_t i) { return classes[static_cast<size_t>(order[i])]; };
    Sorted sorted(boxes, order);
    const auto limit = rounded_down(threshold);
    auto kept = at::zeros(scores.sizes(), at::kBool);
    auto* keep = kept.mutable_data_ptr<bool>();
    const auto n = sorted.dropped.size();
    for (size_t i = 0, end = 0; i < n; ++i) {
        while (end < n && class_of(end) == class_of(i)) {
            ++end;
        }
        if (sorted.dropped[i] == 0) {
            keep[order[i]] = true;
            drop_overlapping(sorted, i, end, limit);
        }
    }
    const auto indices_kept = kept.nonzero().squeeze(1);
    return indices_kept.index_select(0, best_first(scores.index_select(0, indices_kept)));
}

}  // namespace

at::Tensor nms(const at::Tensor& boxes, const at::Tensor& scores, double threshold) {
    require_boxes(boxes, scores);
    return nms_on_cpu(boxes.detach().cpu(), scores.detach().cpu(), threshold).to(boxes.device());
}

at::Tensor nms_of_labels(const at::Tensor& boxes, const at::Tensor& scores,
                         const at::Tensor& labels, double threshold) {
    require_boxes(boxes, scores);
    require(labels.defined() && labels.dim() == 1 && labels.size(0) == boxes.size(0) &&
                labels.scalar_type() == at::kLong,
            "labels must be int64 [{}], one per box, got {}", boxes.size(0),
            labels.defined() ? fmt::format("{} [{}]", at::toString(labels.scalar_type()),
                                           fmt::join(labels.sizes(), ", "))
                             : "nothing");
    const auto own_boxes = boxes.detach().cpu();
    const auto own_scores = scores.detach().cpu();
    const auto own_labels = labels.cpu().contiguous();
    if (boxes.size(0) == 0) {
        return at::empty({0}, boxes.options().dtype(at::kLong));
    }
    // torchvision's limit: below it, classes are told apart by moving each to a place of its own.
    constexpr int64_t most_moved = 1000;
    if (boxes.size(0) > most_moved) {
        return nms_by_class(own_boxes, own_scores, own_labels, threshold).to(boxes.device());
    }
    const auto moved = own_boxes + (own_labels.to(at::kFloat) * (own_boxes.max() + 1)).unsqueeze(1);
    return nms_on_cpu(moved, own_scores, threshold).to(boxes.device());
}

}  // namespace hfc::detection
