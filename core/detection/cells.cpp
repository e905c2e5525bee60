#include "base/error.h"
#include "detection/average_precision.h"

#include <algorithm>
#include <limits>
#include <numeric>

namespace hfc::detection {
namespace {

/// A stable bucket sort: the members of bucket b are at begin[b] to begin[b + 1] - 1 of `members`.
template <typename Rows, typename BucketOf>
void bucket_sort(const Rows& rows, size_t buckets, BucketOf&& bucket_of,
                 std::vector<int32_t>& begin, std::vector<int32_t>& members) {
    begin.assign(buckets + 1, 0);
    for (const auto& row : rows) {
        ++begin[bucket_of(row) + 1];
    }
    std::partial_sum(begin.begin(), begin.end(), begin.begin());
    auto next = begin;
    members.resize(rows.size());
    for (size_t i = 0; i < rows.size(); ++i) {
        const auto place = next[bucket_of(rows[i])]++;
        members[static_cast<size_t>(place)] = static_cast<int32_t>(i);
    }
}

}  // namespace

Cells::Cells(const data::Annotations& truth, const std::vector<Detection>& found)
    : categories_(static_cast<int64_t>(truth.categories.size())) {
    constexpr auto most = static_cast<size_t>(std::numeric_limits<int32_t>::max());
    require(found.size() < most && truth.objects.size() < most,
            "at most {} detections and objects can be scored, got {} and {}", most, found.size(),
            truth.objects.size());
    const auto buckets = truth.pictures.size() * truth.categories.size();
    const auto bucket_of = [&](const auto& row) { return cell(row.picture, row.category); };
    bucket_sort(found, buckets, bucket_of, detection_begin_, detection_);
    bucket_sort(truth.objects, buckets, bucket_of, object_begin_, object_);
    for (size_t i = 0; i < buckets; ++i) {
        const auto begin = detection_.begin() + detection_begin_[i];
        const auto end = detection_.begin() + detection_begin_[i + 1];
        std::stable_sort(begin, end, [&](int32_t a, int32_t b) {
            return found[static_cast<size_t>(a)].score > found[static_cast<size_t>(b)].score;
        });
    }
}

size_t Cells::cell(int64_t picture, int64_t category) const {
    return static_cast<size_t>(picture * categories_ + category);
}

std::vector<int32_t> Cells::detections(int64_t picture, int64_t category) const {
    const auto i = cell(picture, category);
    return {detection_.begin() + detection_begin_[i], detection_.begin() + detection_begin_[i + 1]};
}

std::vector<int32_t> Cells::objects(int64_t picture, int64_t category) const {
    const auto i = cell(picture, category);
    return {object_.begin() + object_begin_[i], object_.begin() + object_begin_[i + 1]};
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
