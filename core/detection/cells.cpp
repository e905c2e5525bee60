#include "base/bucket_sort.h"
#include "base/error.h"
#include "detection/average_precision.h"

#include <algorithm>
#include <limits>

namespace hfc::detection {
Cells::Cells(const data::Annotations& truth, const std::vector<Detection>& found)
    : categories_(static_cast<int64_t>(truth.categories.size())) {
    constexpr auto most = static_cast<size_t>(std::numeric_limits<int32_t>::max());
    require(found.size() < most && truth.objects.size() < most,
            "the numbers of detections and objects must be below {}, got {} and {}", most,
            found.size(), truth.objects.size());
    const auto buckets = truth.pictures.size() * truth.categories.size();
    const auto bucket_of = [&](const auto& row) { return cell(row.picture, row.category); };
    detections_ = bucket_sort(found, buckets, bucket_of);
    objects_ = bucket_sort(truth.objects, buckets, bucket_of);
    for (size_t i = 0; i < buckets; ++i) {
        const auto begin = detections_.members.begin() + detections_.begin[i];
        const auto end = detections_.members.begin() + detections_.begin[i + 1];
        std::stable_sort(begin, end, [&](int32_t a, int32_t b) {
            return found[static_cast<size_t>(a)].score > found[static_cast<size_t>(b)].score;
        });
    }
}

size_t Cells::cell(int64_t picture, int64_t category) const {
    return static_cast<size_t>(picture * categories_ + category);
}

std::vector<int32_t> Cells::members(const Buckets& buckets, size_t i) {
    return {buckets.members.begin() + buckets.begin[i],
            buckets.members.begin() + buckets.begin[i + 1]};
}

std::vector<int32_t> Cells::detections(int64_t picture, int64_t category) const {
    return members(detections_, cell(picture, category));
}

std::vector<int32_t> Cells::objects(int64_t picture, int64_t category) const {
    return members(objects_, cell(picture, category));
}

double overlap(const data::Rectangle& a, const data::Rectangle& b, bool crowd) {
    const auto width = std::min(a[0] + a[2], b[0] + b[2]) - std::max(a[0], b[0]);
    if (width <= 0) {
        return 0;
    }
    const auto height = std::min(a[1] + a[3], b[1] + b[3]) - std::max(a[1], b[1]);
    if (height <= 0) {
        return 0;
    }
    const auto both = width * height;
    const auto own = a[2] * a[3];
    return both / (crowd ? own : own + b[2] * b[3] - both);
}

}  // namespace hfc::detection
