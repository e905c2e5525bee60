#include "base/clones.h"
#include "base/dtype_name.h"
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
            boxes.defined() ? fmt::format("{} [{}]", dtype_name(boxes.scalar_type()),
                                          fmt::join(boxes.sizes(), ", "))
                            : "nothing");
    require(boxes.size(0) <= std::numeric_limits<uint32_t>::max(),
            "there must be at most 2^32 - 1 boxes, got {}", boxes.size(0));
    require(scores.defined() && scores.dim() == 1 && scores.size(0) == boxes.size(0) &&
                scores.scalar_type() == at::kFloat,
            "scores must be float32 [{}], one per box, got {}", boxes.size(0),
            scores.defined() ? fmt::format("{} [{}]", dtype_name(scores.scalar_type()),
                                           fmt::join(scores.sizes(), ", "))
                             : "nothing");
}

/// The index of a box and a key for its score: the higher the score, the lower the key. Equal
/// scores have equal keys, and NaN has the lowest key.
struct Scored {
    uint32_t key;
    uint32_t index;
};

/// Sorts boxes by key_of(box), an unsigned number, in ascending order; stable. A radix sort with 11
/// bits at a time, starting with the lowest.
template <typename KeyOf>
void radix_sort(std::vector<Scored>& boxes, const KeyOf& key_of) {
    constexpr unsigned width = 11;
    constexpr size_t mask = (1U << width) - 1;
    std::vector<Scored> next(boxes.size());
    auto used = key_of(Scored{});
    for (const auto& box : boxes) {
        used |= key_of(box);
    }
    for (unsigned shift = 0; shift < 8 * sizeof(used) && used >> shift != 0; shift += width) {
        const auto digit_of = [&](const Scored& box) {
            return static_cast<size_t>(key_of(box) >> shift) & mask;
        };
        std::array<uint32_t, mask + 2> begin = {};
        for (const auto& box : boxes) {
            ++begin[digit_of(box) + 1];
        }
        std::partial_sum(begin.begin(), begin.end(), begin.begin());
        for (const auto& box : boxes) {
            next[begin[digit_of(box)]++] = box;
        }
        boxes.swap(next);
    }
}

/// The boxes in descending order of score; equal scores keep their order. NaN comes first, as in
/// PyTorch.
std::vector<Scored> by_score(const at::Tensor& scores) {
    const auto values = scores.contiguous();
    const auto* value = values.const_data_ptr<float>();
    std::vector<Scored> boxes(static_cast<size_t>(values.numel()));
    for (size_t i = 0; i < boxes.size(); ++i) {
        const auto bits = std::bit_cast<uint32_t>(value[i] + 0.0F);  // turns -0 into 0
        const bool negative = bits >> 31 != 0;
        const auto key = negative ? bits : ~bits & 0x7fffffff;
        boxes[i] = {std::isnan(value[i]) ? 0 : key, static_cast<uint32_t>(i)};
    }
    radix_sort(boxes, [](const Scored& box) { return box.key; });
    return boxes;
}

constexpr size_t lanes = 8;

/// The boxes in the order in which they are visited, contiguous in memory, with room for `lanes`
/// more.
struct Sorted {
    Sorted(const at::Tensor& boxes, const std::vector<Scored>& order)
        : x1(order.size() + lanes),
          y1(order.size() + lanes),
          x2(order.size() + lanes),
          y2(order.size() + lanes),
          area(order.size() + lanes),
          dropped(order.size() + lanes) {
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

/// Drops the boxes from i + 1 to end - 1 that overlap box i. The loop has no branches and processes
/// whole groups of `lanes` boxes, so that the compiler can use vector instructions. The boxes of
/// the last group from `end` on are then restored. A float is above `threshold`, which is a float,
/// if and only if it is above the double from which the threshold was rounded down. Neither clone
/// uses fused multiplication, so both drop the same boxes.
HFC_CLONES("avx2") void drop_overlapping(Sorted& boxes, size_t i, size_t end, float threshold) {
    const auto left = boxes.x1[i], top = boxes.y1[i], right = boxes.x2[i], bottom = boxes.y2[i];
    const auto area = boxes.area[i];
    const float* x1 = boxes.x1.data() + i + 1;
    const float* y1 = boxes.y1.data() + i + 1;
    const float* x2 = boxes.x2.data() + i + 1;
    const float* y2 = boxes.y2.data() + i + 1;
    const float* areas = boxes.area.data() + i + 1;
    int32_t* dropped = boxes.dropped.data() + i + 1;
    const size_t count = end - i - 1;
    std::array<int32_t, lanes> behind;
    std::copy_n(dropped + count, lanes, behind.begin());
    const size_t whole_groups = (count + lanes - 1) / lanes * lanes;
#pragma GCC ivdep
    for (size_t j = 0; j < whole_groups; ++j) {
        const float width = (x2[j] < right ? x2[j] : right) - (x1[j] > left ? x1[j] : left);
        const float height = (y2[j] < bottom ? y2[j] : bottom) - (y1[j] > top ? y1[j] : top);
        const float both = (width > 0 ? width : 0) * (height > 0 ? height : 0);
        const float either = area + areas[j] - both;
        dropped[j] |= both / either > threshold ? 1 : 0;
    }
    std::copy_n(behind.begin(), lanes, dropped + count);
}

float rounded_down(double threshold) {
    const auto rounded = static_cast<float>(threshold);
    return static_cast<double>(rounded) > threshold
               ? std::nextafter(rounded, -std::numeric_limits<float>::infinity())
               : rounded;
}

/// Sets keep[i] for each box i that is kept. `order` contains the boxes grouped by class, the best
/// box of each class first; class_of(box) identifies the class.
template <typename ClassOf>
void suppress(const at::Tensor& boxes, const std::vector<Scored>& order, double threshold,
              const ClassOf& class_of, std::vector<uint8_t>& keep) {
    Sorted sorted(boxes, order);
    const auto limit = rounded_down(threshold);
    for (size_t i = 0, end = 0; i < order.size(); ++i) {
        while (end < order.size() && class_of(order[end]) == class_of(order[i])) {
            ++end;
        }
        if (sorted.dropped[i] == 0) {
            keep[order[i].index] = 1;
            drop_overlapping(sorted, i, end, limit);
        }
    }
}

/// int64: the boxes of `order` that are kept, in the same order.
at::Tensor kept_of(const std::vector<Scored>& order, const std::vector<uint8_t>& keep) {
    std::vector<int64_t> kept;
    kept.reserve(order.size());
    for (const auto& box : order) {
        if (keep[box.index] != 0) {
            kept.push_back(box.index);
        }
    }
    return at::tensor(kept, at::kLong);
}

/// kept_of(order, keep), but with equal scores in the order of PyTorch's unstable sort, as in
/// torchvision. Without equal scores, every sort gives the same result.
at::Tensor kept_as_unstable(const at::Tensor& scores, const std::vector<Scored>& order,
                            const std::vector<uint8_t>& keep) {
    const Scored* before = nullptr;
    const bool ties = std::ranges::any_of(order, [&](const Scored& box) {
        if (keep[box.index] == 0) {
            return false;
        }
        const bool equal = before != nullptr && before->key == box.key;
        before = &box;
        return equal;
    });
    if (!ties) {
        return kept_of(order, keep);
    }
    std::vector<int64_t> kept;
    kept.reserve(order.size());
    for (size_t i = 0; i < keep.size(); ++i) {
        if (keep[i] != 0) {
            kept.push_back(static_cast<int64_t>(i));
        }
    }
    const auto indices = at::tensor(kept, at::kLong);
    const auto order_of_kept = std::get<1>(scores.index_select(0, indices).sort(0, true));
    return indices.index_select(0, order_of_kept);
}

at::Tensor nms_of_one_class(const at::Tensor& boxes, const at::Tensor& scores, double threshold) {
    const auto best = by_score(scores);
    std::vector<uint8_t> keep(best.size());
    suppress(
        boxes, best, threshold, [](const Scored&) { return 0; }, keep);
    return kept_of(best, keep);
}

/// stable: equal scores keep the order of the boxes; otherwise see kept_as_unstable().
at::Tensor nms_by_class(const at::Tensor& boxes, const at::Tensor& scores, const at::Tensor& labels,
                        double threshold, bool stable) {
    const auto lowest = static_cast<uint64_t>(labels.min().item<int64_t>());
    const auto* label = labels.const_data_ptr<int64_t>();
    const auto class_of = [&](const Scored& box) {
        return static_cast<uint64_t>(label[box.index]) - lowest;
    };
    const auto best = by_score(scores);
    auto order = best;
    radix_sort(order, class_of);
    std::vector<uint8_t> keep(best.size());
    suppress(boxes, order, threshold, class_of, keep);
    return stable ? kept_of(best, keep) : kept_as_unstable(scores, best, keep);
}

/// Whether moving each class by label * step keeps the classes apart even after rounding to
/// float32.
bool stay_apart(const at::Tensor& boxes, const at::Tensor& labels, double step) {
    constexpr double exact = 1 << 22;  // below it, float32 numbers are at most 1/2 apart
    const double largest = step * static_cast<double>(labels.max().item<int64_t>() + 1);
    return labels.min().item<int64_t>() >= 0 && boxes.min().item<double>() >= 0 && largest < exact;
}

}  // namespace

at::Tensor nms(const at::Tensor& boxes, const at::Tensor& scores, double threshold) {
    require_boxes(boxes, scores);
    return nms_of_one_class(boxes.detach().cpu(), scores.detach().cpu(), threshold)
        .to(boxes.device());
}

at::Tensor nms_of_labels(const at::Tensor& boxes, const at::Tensor& scores,
                         const at::Tensor& labels, double threshold) {
    require_boxes(boxes, scores);
    require(labels.defined() && labels.dim() == 1 && labels.size(0) == boxes.size(0) &&
                labels.scalar_type() == at::kLong,
            "labels must be int64 [{}], one per box, got {}", boxes.size(0),
            labels.defined() ? fmt::format("{} [{}]", dtype_name(labels.scalar_type()),
                                           fmt::join(labels.sizes(), ", "))
                             : "nothing");
    const auto own_boxes = boxes.detach().cpu();
    const auto own_scores = scores.detach().cpu();
    const auto own_labels = labels.cpu().contiguous();
    if (boxes.size(0) == 0) {
        return at::empty({0}, boxes.options().dtype(at::kLong));
    }
    // torchvision's limit: up to this many boxes, torchvision separates classes by moving the boxes
    // of each class to a different place.
    constexpr int64_t most_moved = 1000;
    if (boxes.size(0) > most_moved) {
        return nms_by_class(own_boxes, own_scores, own_labels, threshold, /*stable=*/false)
            .to(boxes.device());
    }
    const auto step = own_boxes.max() + 1;
    const auto moved = own_boxes + (own_labels.to(at::kFloat) * step).unsqueeze(1);
    const auto kept = threshold >= 0 && stay_apart(own_boxes, own_labels, step.item<double>())
                          ? nms_by_class(moved, own_scores, own_labels, threshold, /*stable=*/true)
                          : nms_of_one_class(moved, own_scores, threshold);
    return kept.to(boxes.device());
}

}  // namespace hfc::detection
