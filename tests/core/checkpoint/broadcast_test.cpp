#include "checkpoint/broadcast.h"

#include "parallel_threads.h"

#include <ATen/ATen.h>

#include <gmock/gmock.h>

namespace hfc::checkpoint {
namespace {

TEST(Broadcast, gives_all_processes_the_checkpoint_of_rank_0) {
    Checkpoint whole;
    whole.tensors = {{"a", at::arange(6, at::kDouble).view({2, 3})},
                     {"step", at::full({}, 7.0F)},
                     {"none", at::empty({0})},
                     {"state", at::arange(5, at::kByte)}};
    whole.state = {{"epoch", 3}, {"names", {"x", "y"}}};
    test::on_ranks(3, [&](parallel::Group& group) {
        const auto got =
            broadcast(group, group.leads() ? std::optional<Checkpoint>(whole) : std::nullopt);
        ASSERT_TRUE(got);
        EXPECT_EQ(got->state, whole.state);
        ASSERT_EQ(got->tensors.size(), whole.tensors.size());
        for (const auto& [name, tensor] : whole.tensors) {
            EXPECT_TRUE(got->tensor(name).equal(tensor)) << name;
            EXPECT_EQ(got->tensor(name).scalar_type(), tensor.scalar_type());
        }
    });
}

TEST(Broadcast, gives_nothing_where_rank_0_has_nothing) {
    test::on_ranks(2, [](parallel::Group& group) {
        EXPECT_FALSE(broadcast(
            group, group.leads() ? std::nullopt : std::optional<Checkpoint>(Checkpoint())));
    });
}

}  // namespace
}  // namespace hfc::checkpoint
