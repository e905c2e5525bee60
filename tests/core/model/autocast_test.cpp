#include "model/autocast.h"

#include <ATen/ATen.h>
#include <ATen/Functions.h>
#include <ATen/autocast_mode.h>
#include <gtest/gtest.h>

namespace hfc::model {
namespace {

at::ScalarType product_type() {
    const auto a = at::ones({2, 2});
    return at::mm(a, a).scalar_type();
}

TEST(Autocast, products_are_in_bfloat16_within_the_scope_alone) {
    {
        const AutocastScope scope(at::kCPU, true);
        EXPECT_EQ(product_type(), at::kBFloat16);
        {
            const AutocastScope inner(at::kCPU, true);
            EXPECT_EQ(product_type(), at::kBFloat16);
        }
        EXPECT_EQ(product_type(), at::kBFloat16) << "the inner scope's end is not the outer's";
    }
    EXPECT_EQ(product_type(), at::kFloat);
    EXPECT_THROW(
        {
            const AutocastScope scope(at::kCPU, true);
            throw std::runtime_error("a model that failed");
        },
        std::runtime_error);
    EXPECT_EQ(product_type(), at::kFloat);
}

TEST(Autocast, switched_off_changes_nothing) {
    const AutocastScope scope(at::kCPU, false);
    EXPECT_EQ(product_type(), at::kFloat);
    EXPECT_FALSE(at::autocast::is_autocast_enabled(at::kCPU));
}

}  // namespace
}  // namespace hfc::model
