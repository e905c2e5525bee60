#include "data/order.h"

#include <ATen/ATen.h>

#include <gmock/gmock.h>

#include <algorithm>
#include <set>
#include <vector>

namespace hfc::data {
namespace {

std::vector<int64_t> numbers(const at::Tensor& tensor) {
    const auto all = tensor.to(at::kLong).contiguous();
    return {all.const_data_ptr<int64_t>(), all.const_data_ptr<int64_t>() + all.numel()};
}

/// The rows that a loader of the part would put into batch `number`.
std::vector<int64_t> batch_of(const at::Tensor& part, int64_t size, int64_t number) {
    return numbers(part.slice(0, number * size, std::min((number + 1) * size, part.size(0))));
}

TEST(Order, parts_make_up_each_batch_whatever_its_size) {
    for (const int64_t ranks : {1, 2, 3, 4}) {
        for (const int64_t batch_size : {4, 5, 7, 12}) {
            for (const int64_t n : {24, 29, 35}) {
                const auto order = epoch_order(n, 1, 1);
                const auto batches = (n + batch_size - 1) / batch_size;
                for (int64_t number = 0; number < batches; ++number) {
                    std::multiset<int64_t> seen;
                    for (int64_t rank = 0; rank < ranks; ++rank) {
                        const Share share{rank, ranks};
                        const auto part = part_of_batches(order, batch_size, false, share);
                        const auto rows = batch_of(part, rows_of(batch_size, share), number);
                        const auto whole = std::min(batch_size, n - number * batch_size);
                        EXPECT_EQ(rows.size(), static_cast<size_t>(rows_of(whole, share)));
                        seen.insert(rows.begin(), rows.end());
                    }
                    const auto joint = batch_of(order, batch_size, number);
                    EXPECT_EQ(seen, std::multiset<int64_t>(joint.begin(), joint.end()));
                }
            }
        }
    }
}

TEST(Order, parts_leave_out_a_last_batch_that_is_dropped) {
    const auto part = part_of_batches(at::arange(11), 4, true, {1, 2});
    EXPECT_EQ(numbers(part), (std::vector<int64_t>{1, 3, 5, 7}));
}

TEST(Order, whole_batches_are_those_of_a_single_process) {
    EXPECT_FALSE(hfc::data::batches_of(10, 3, {0, 1}).defined());
    EXPECT_EQ(numbers(hfc::data::batches_of(10, 3, {0, 2})),
              (std::vector<int64_t>{0, 1, 2, 6, 7, 8}));
    EXPECT_EQ(numbers(hfc::data::batches_of(10, 3, {1, 2})), (std::vector<int64_t>{3, 4, 5, 9}));
    EXPECT_EQ(hfc::data::batches_of(10, 10, {1, 2}).numel(), 0);
}

}  // namespace
}  // namespace hfc::data
