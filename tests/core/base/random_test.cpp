#include "base/random.h"

#include "base/interrupt.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

namespace hfc {
namespace {

TEST(Random, SeedAndPurposeDecide) {
    EXPECT_EQ(derive_seed(1, "a"), derive_seed(1, "a"));
    EXPECT_NE(derive_seed(1, "a"), derive_seed(2, "a"));
    EXPECT_NE(derive_seed(1, "a"), derive_seed(1, "b"));
}

TEST(Random, PermutationHoldsEveryNumberOnce) {
    const auto order = permutation(1000, 7, "test");
    EXPECT_TRUE(std::get<0>(order.sort()).equal(at::arange(1000, at::kLong)));
    EXPECT_FALSE(order.equal(at::arange(1000, at::kLong)));
    EXPECT_TRUE(order.equal(permutation(1000, 7, "test")));
    EXPECT_FALSE(order.equal(permutation(1000, 8, "test")));
}

TEST(Random, TheGlobalGeneratorIsLeftAlone) {
    at::manual_seed(3);
    const auto expected = at::rand({4});
    at::manual_seed(3);
    permutation(10, 1, "test");
    EXPECT_TRUE(at::rand({4}).equal(expected));
}

TEST(Interrupt, ARequestIsSeenUntilItIsCleared) {
    clear_interrupt();
    EXPECT_NO_THROW(check_interrupt());
    request_interrupt();
    EXPECT_TRUE(interrupt_requested());
    EXPECT_THROW(check_interrupt(), Interrupted);
    clear_interrupt();
    EXPECT_NO_THROW(check_interrupt());
}

}  // namespace
}  // namespace hfc
