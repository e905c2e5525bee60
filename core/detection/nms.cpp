#include "base/error.h"
#include "detection/boxes.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>
#include <limits>

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
            "scores must be float32 [{}], one a box, got {}", boxes.size(0),
            scores.defined() ? fmt::format("{} [{}]", at::toString(scores.scalar_type()),
                                           fmt::join(scores.sizes(), ", "))
                             : "nothing");
}

/// The boxes in the order in which they are looked at, side by side in memory.
struct Sorted {
    /// order: int64 [n], indices of `boxes`.
    Sorted(const at::Tensor& boxes, const at::Tensor& order)
        : columns(boxes.index_select(0, order).t().contiguous()),
          x1(columns.const_data_ptr<float>()),
          y1(x1 + order.size(0)),
          x2(y1 + order.size(0)),
          y2(x2 + order.size(0)),
          area(static_cast<size_t>(order.size(0))),
          dropped(area.size()) {
        for (size_t i = 0; i < area.size(); ++i) {
            area[i] = (x2[i] - x1[i]) * (y2[i] - y1[i]);
        }
    }
    at::Tensor columns;
    const float *x1, *y1, *x2, *y2;
    std::vector<float> area;
    std::vector<int32_t> dropped;
};

/// Drops what overlaps box i among those behind it, up to `end`. Without branches, so that the
/// compiler takes several at once. A float above `threshold`, a float, is one above the double it
/// was rounded down from.
void drop_overlapping(Sorted& boxes, size_t i, size_t end, float threshold) {
    const auto left = boxes.x1[i], top = boxes.y1[i], right = boxes.x2[i], bottom = boxes.y2[i];
    const auto area = boxes.area[i];
    const float* x1 = boxes.x1;
    const float* y1 = boxes.y1;
    const float* x2 = boxes.x2;
    const float* y2 = boxes.y2;
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

at::Tensor by_score(const at::Tensor& scores) {
    return std::get<1>(scores.sort(/*stable=*/true, 0, /*descending=*/true));
}

at::Tensor nms_on_cpu(const at::Tensor& boxes, const at::Tensor& scores, double threshold) {
    const auto order = by_score(scores);
    Sorted sorted(boxes, order);
    const auto limit = rounded_down(threshold);
    std::vector<int64_t> kept;
    const auto* indices = order.const_data_ptr<int64_t>();
    for (size_t i = 0; i < sorted.dropped.size(); ++i) {
        if (sorted.dropped[i] == 0) {
            kept.push_back(indices[i]);
            drop_overlapping(sorted, i, sorted.dropped.size(), limit);
        }
    }
    return at::tensor(kept, at::kLong);
}

/// Class by class, the kept ones sorted by an unstable sort, as torchvision does.
at::Tensor nms_by_class(const at::Tensor& boxes, const at::Tensor& scores, const at::Tensor& labels,
                        double threshold) {
    const auto falling = by_score(scores);
    const auto [grouped, group] =
        labels.index_select(0, falling).sort(/*stable=*/true, 0, /*descending=*/false);
    const auto order = falling.index_select(0, group);
    Sorted sorted(boxes, order);
    const auto limit = rounded_down(threshold);
    auto kept = at::zeros(scores.sizes(), at::kBool);
    auto* keep = kept.mutable_data_ptr<bool>();
    const auto* label = grouped.const_data_ptr<int64_t>();
    const auto* indices = order.const_data_ptr<int64_t>();
    const auto n = sorted.dropped.size();
    for (size_t i = 0, end = 0; i < n; ++i) {
        while (end < n && label[end] == label[i]) {
            ++end;
        }
        if (sorted.dropped[i] == 0) {
            keep[indices[i]] = true;
            drop_overlapping(sorted, i, end, limit);
        }
    }
    const auto indices_kept = kept.nonzero().squeeze(1);
    const auto best_first = std::get<1>(scores.index_select(0, indices_kept).sort(0, true));
    return indices_kept.index_select(0, best_first);
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
            "labels must be int64 [{}], one a box, got {}", boxes.size(0),
            labels.defined() ? fmt::format("{} [{}]", at::toString(labels.scalar_type()),
                                           fmt::join(labels.sizes(), ", "))
                             : "nothing");
    const auto own_boxes = boxes.detach().cpu();
    const auto own_scores = scores.detach().cpu();
    const auto own_labels = labels.cpu();
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
