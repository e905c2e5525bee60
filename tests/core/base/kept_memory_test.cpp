#include "base/kept_memory.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

namespace hfc {
namespace {

TEST(KeptMemory, ALargeTensorTakesTheMemoryOfOneThatWasFreed) {
    auto first = empty_kept({1024, 1024}, at::kFloat);
    const auto* const memory = first.const_data_ptr();
    const auto held = empty_kept({1024, 1024}, at::kFloat);
    EXPECT_NE(held.const_data_ptr(), memory);
    first.reset();
    const auto again = empty_kept({2048, 2048}, at::kByte);
    EXPECT_EQ(again.const_data_ptr(), memory);
    EXPECT_NE(empty_kept({1024, 1024}, at::kFloat).const_data_ptr(), memory);
}

TEST(KeptMemory, TensorsMayGrow) {
    auto tensor = empty_kept({2}, at::kLong).zero_();
    tensor.resize_({1 << 20});
    EXPECT_EQ(tensor.numel(), 1 << 20);
    EXPECT_EQ(tensor[1].item<int64_t>(), 0);
}

}  // namespace
}  // namespace hfc
