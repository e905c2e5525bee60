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
#include <vector>

namespace hfc::detection {
namespace {

void require_boxes(const at::Tensor& boxes, const at::Tensor& scores) {
    require(boxes.defined() && boxes.dim() == 2 && boxes.size(1) == 4 &&
                boxes.scalar_type() == at::kFloat,
            "boxes must be float32 [n, 4], got {}",
            boxes.defined() ? fmt::format("{} [{}]", at::toString(boxes.scalar_type()),
                                          fmt::join(boxes.sizes(), ", "))
                            : "nothing");
    require(boxes.size(0) <= std::numeric_limits<uint32_t>::max(),
            "boxes must be at most 2^32 - 1, got {}", boxes.size(0));
    require(scores.defined() && scores.dim() == 1 && scores.size(0) == boxes.size(0) &&
                scores.scalar_type() == at::kFloat,
            "scores must be float32 [{}], one per box, got {}", boxes.size(0),
            scores.defined() ? fmt::format("{} [{}]", at::toString(scores.scalar_type()),
                                           fmt::join(scores.sizes(), ", "))
                             : "nothing");
}

/// A box by its number, with a key of its score: the higher the score, the lower the key. Equal
/// scores have equal keys, NaN has the lowest.
struct Scored {
    uint32_t key;
    uint32_t index;
};

/// Sorts boxes by key_of(box), an unsigned number, the lowest first; stable. The radix sort goes
/// byte by byte from the last, without bytes that are the same everywhere.
template <typename KeyOf>
void radix_sort(std::vector<Scored>& boxes, const KeyOf& key_of) {
    std::vector<Scored> next(boxes.size());
    for (unsigned shift = 0; shift < 8 * sizeof(key_of(Scored{})); shift += 8) {
        const auto byte_of = [&](const Scored& box) {
            return static_cast<size_t>(key_of(box) >> shift & 0xff);
        };
        std::array<size_t, 257> begin = {};
        for (const auto& box : boxes) {
            ++begin[byte_of(box) + 1];
        }
        if (std::ranges::find(begin, boxes.size()) != begin.end()) {
            continue;
        }
        std::partial_sum(begin.begin(), begin.end(), begin.begin());
        for (const auto& box : boxes) {
            next[begin[byte_of(box)]++] = box;
        }
        boxes.swap(next);
    }
}

/// The boxes from the highest score to the lowest, equal ones as they stand. NaN comes first, as in
/// PyTorch.
std::vector<Scored> by_score(const at::Tensor& scores) {
    const auto values = scores.contiguous();
    const auto* value = values.const_data_ptr<float>();
    std::vector<Scored> boxes(static_cast<size_t>(values.numel()));
    for (size_t i = 0; i < boxes.size(); ++i) {
        const auto bits = std::bit_cast<uint32_t>(value[i] + 0.0F);  // -0 is 0
        const bool negative = bits >> 31 != 0;
        const auto key = negative ? bits : ~bits & 0x7fffffff;
        boxes[i] = {std::isnan(value[i]) ? 0 : key, static_cast<uint32_t>(i)};
    }
    radix_sort(boxes, [](const Scored& box) { return box.key; });
    return boxes;
}

/// The boxes in the order in which they are looked at, side by side in memory.
struct Sorted {
    Sorted(const at::Tensor& boxes, const std::vector<Scored>& order)
        : x1(order.size()),
          y1(order.size()),
          x2(order.size()),
          y2(order.size()),
          area(order.size()),
          dropped(order.size()) {
        const auto rows = boxes.contiguous();
        for (size_t i = 0; i < order.size(); ++i) {
            const auto* box = rows.const_data_ptr<float>() + size_t{4} * order[i].index;
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
            kept.push_back(order[i].index);
            drop_overlapping(sorted, i, sorted.dropped.size(), limit);
        }
    }
    return at::tensor(kept, at::kLong);
}

/// int64: the indices of the kept boxes, the best first. Equal scores stand in the order of
/// PyTorch's unstable sort, as in torchvision. Without equal scores any sort gives it.
at::Tensor best_first(const at::Tensor& scores, const std::vector<Scored>& order,
                      const std::vector<uint8_t>& keep) {
    std::vector<int64_t> kept;
    kept.reserve(order.size());
    bool ties = false;
    uint32_t before = 0;
    for (const auto& box : order) {
        if (keep[box.index] != 0) {
            ties = ties || (!kept.empty() && before == box.key);
            before = box.key;
            kept.push_back(box.index);
        }
    }
    if (!ties) {
        return at::tensor(kept, at::kLong);
    }
    std::ranges::sort(kept);
    const auto indices = at::tensor(kept, at::kLong);
    const auto order_of_kept = std::get<1>(scores.index_select(0, indices).sort(0, true));
    return indices.index_select(0, order_of_kept);
}

/// Class by class.
at::Tensor nms_by_class(const at::Tensor& boxes, const at::Tensor& scores, const at::Tensor& labels,
                        double threshold) {
    const auto lowest = static_cast<uint64_t>(labels.min().item<int64_t>());
    const auto* label = labels.const_data_ptr<int64_t>();
    const auto class_of = [&](const Scored& box) {
        return static_cast<uint64_t>(label[box.index]) - lowest;
    };
    const auto best = by_score(scores);
    auto order = best;
    radix_sort(order, class_of);
    Sorted sorted(boxes, order);
    const auto limit = rounded_down(threshold);
    std::vector<uint8_t> keep(order.size());
    for (size_t i = 0, end = 0; i < order.size(); ++i) {
        while (end < order.size() && class_of(order[end]) == class_of(order[i])) {
            ++end;
        }
        if (sorted.dropped[i] == 0) {
            keep[order[i].index] = 1;
            drop_overlapping(sorted, i, end, limit);
        }
    }
    return best_first(scores, best, keep);
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
