#include "data/order.h"

#include "base/random.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

namespace hfc::data {
namespace {

TEST(EpochOrder, depends_on_size_seed_and_epoch_alone) {
    const auto order = epoch_order(100, 3, 2);
    EXPECT_TRUE(std::get<0>(order.sort()).equal(at::arange(100, at::kInt)));
    at::rand({5});
    EXPECT_TRUE(order.equal(epoch_order(100, 3, 2)));
    EXPECT_FALSE(order.equal(epoch_order(100, 3, 1)));
    EXPECT_FALSE(order.equal(epoch_order(100, 4, 2)));
    EXPECT_TRUE(order.to(at::kLong).equal(permutation(100, 3, "epoch 2")))
        << "the order that trainings have had from the first version on";
}

}  // namespace
}  // namespace hfc::data
