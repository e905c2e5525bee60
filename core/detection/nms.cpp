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
    explicit Sorted(size_t n) : x1(n), y1(n), x2(n), y2(n), area(n), dropped(n) {}
    std::vector<float> x1, y1, x2, y2, area;
    std::vector<int32_t> dropped;
};

/// Drops what overlaps box i among those behind it. Without branches, so that the compiler takes
/// several at once. A float above `threshold`, a float, is one above the double it was rounded down
/// from.
void drop_overlapping(Sorted& boxes, size_t i, float threshold) {
    const auto left = boxes.x1[i], top = boxes.y1[i], right = boxes.x2[i], bottom = boxes.y2[i];
    const auto area = boxes.area[i];
    const float* x1 = boxes.x1.data();
    const float* y1 = boxes.y1.data();
    const float* x2 = boxes.x2.data();
    const float* y2 = boxes.y2.data();
    const float* areas = boxes.area.data();
    int32_t* dropped = boxes.dropped.data();
    const auto n = boxes.x1.size();
#pragma GCC ivdep
    for (size_t j = i + 1; j < n; ++j) {
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
    const auto order = std::get<1>(scores.sort(/*stable=*/true, 0, /*descending=*/true));
    const auto columns = boxes.index_select(0, order).t().contiguous();
    const auto n = static_cast<size_t>(boxes.size(0));
    Sorted sorted(n);
    const auto* from = columns.const_data_ptr<float>();
    std::copy_n(from, n, sorted.x1.begin());
    std::copy_n(from + n, n, sorted.y1.begin());
    std::copy_n(from + 2 * n, n, sorted.x2.begin());
    std::copy_n(from + 3 * n, n, sorted.y2.begin());
    for (size_t i = 0; i < n; ++i) {
        sorted.area[i] = (sorted.x2[i] - sorted.x1[i]) * (sorted.y2[i] - sorted.y1[i]);
    }
    const auto limit = rounded_down(threshold);
    std::vector<int64_t> kept;
    const auto* indices = order.const_data_ptr<int64_t>();
    for (size_t i = 0; i < n; ++i) {
        if (sorted.dropped[i] == 0) {
            kept.push_back(indices[i]);
            drop_overlapping(sorted, i, limit);
        }
    }
    return at::tensor(kept, at::kLong);
}

/// Class by class, the kept ones sorted by an unstable sort, as torchvision does.
at::Tensor nms_by_class(const at::Tensor& boxes, const at::Tensor& scores, const at::Tensor& labels,
                        double threshold) {
    const auto [sorted, order] = labels.sort(/*stable=*/true, 0, /*descending=*/false);
    const auto* label = sorted.const_data_ptr<int64_t>();
    auto kept = at::zeros(scores.sizes(), at::kBool);
    const auto n = sorted.size(0);
    for (int64_t begin = 0, end = 0; begin < n; begin = end) {
        while (end < n && label[end] == label[begin]) {
            ++end;
        }
        const auto own = order.slice(0, begin, end);
        const auto keep =
            nms_on_cpu(boxes.index_select(0, own), scores.index_select(0, own), threshold);
        kept.index_fill_(0, own.index_select(0, keep), true);
    }
    const auto indices = kept.nonzero().squeeze(1);
    return indices.index_select(0, std::get<1>(scores.index_select(0, indices).sort(0, true)));
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
