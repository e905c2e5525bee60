// Puts rows of the same bucket next to each other.
#pragma once

#include <cstddef>
#include <cstdint>
#include <numeric>
#include <vector>

namespace hfc {

/// The positions of rows, sorted by bucket: bucket b has members[begin[b]] to members[begin[b + 1]
/// - 1], in the order of the rows.
struct Buckets {
    std::vector<int32_t> begin, members;
};

/// bucket_of(row) must be less than `count`. There must be fewer than 2^31 rows.
template <typename Rows, typename BucketOf>
Buckets bucket_sort(const Rows& rows, size_t count, BucketOf&& bucket_of) {
    Buckets buckets;
    buckets.begin.assign(count + 1, 0);
    for (const auto& row : rows) {
        ++buckets.begin[bucket_of(row) + 1];
    }
    std::partial_sum(buckets.begin.begin(), buckets.begin.end(), buckets.begin.begin());
    auto next = buckets.begin;
    buckets.members.resize(rows.size());
    for (size_t i = 0; i < rows.size(); ++i) {
        const auto place = next[bucket_of(rows[i])]++;
        buckets.members[static_cast<size_t>(place)] = static_cast<int32_t>(i);
    }
    return buckets;
}

}  // namespace hfc
