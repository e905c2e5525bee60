#include "parallel/group.h"

#include "base/error.h"
#include "parallel/gradients.h"
#include "parallel/launch.h"
#include "parallel_threads.h"

#include <ATen/ATen.h>

#include <gmock/gmock.h>

#include <cmath>
#include <cstdlib>
#include <initializer_list>
#include <string>
#include <utility>
#include <vector>

namespace hfc::parallel {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Pair;
using testing::ThrowsMessage;

TEST(Solo, waits_for_nobody_and_changes_nothing) {
    Solo solo;
    auto values = at::tensor({1.5, 2.5});
    solo.all_reduce(values, Reduction::sum);
    solo.broadcast(values, 0);
    solo.barrier();
    EXPECT_TRUE(values.equal(at::tensor({1.5, 2.5})));
    EXPECT_TRUE(solo.leads());
    EXPECT_EQ(solo.size(), 1);
    EXPECT_EQ(solo.agree(-7), -7);
    EXPECT_EQ(solo.broadcast_text("a"), "a");
    EXPECT_FALSE(solo.process_group());
    require_same(solo, "the script", "text");
}

TEST(Solo, is_the_world_of_a_process_without_a_launcher) {
    EXPECT_EQ(world().size(), 1);
    EXPECT_FALSE(is_begun());
    EXPECT_EQ(teller(), "hfc-host");
    EXPECT_EQ(fair_threads(7), 7);
    EXPECT_EQ(finish(3), 3);
}

TEST(Ranks, take_every_other_batch) {
    EXPECT_THAT(Solo().own_batches(7, 3), ElementsAre(Pair(0, 3), Pair(3, 6), Pair(6, 7)));
    test::on_ranks(2, [](Group& group) {
        if (group.leads()) {
            EXPECT_THAT(group.own_batches(7, 3), ElementsAre(Pair(0, 3), Pair(6, 7)));
        } else {
            EXPECT_THAT(group.own_batches(7, 3), ElementsAre(Pair(3, 6)));
        }
        EXPECT_THAT(group.own_batches(0, 3), testing::IsEmpty());
    });
}

TEST(Ranks, agree_on_the_largest_value) {
    test::on_ranks(3, [](Group& group) {
        EXPECT_EQ(group.agree(group.rank() == 1 ? 5 : -1), 5);
        EXPECT_THAT(group.agree({group.rank(), -group.rank()}), ElementsAre(2, 0));
    });
}

TEST(Ranks, take_over_a_text_of_any_bytes) {
    const std::string text("a\0\xff z", 5);
    test::on_ranks(3, [&](Group& group) {
        EXPECT_EQ(group.broadcast_text(group.leads() ? text : "another"), text);
        EXPECT_EQ(group.broadcast_text(group.rank() == 2 ? "" : "another", 2), "");
    });
}

TEST(Ranks, that_differ_are_named_with_both_values_on_all) {
    test::on_ranks(3, [&](Group& group) {
        EXPECT_THAT([&] { require_same(group, "the seed", group.rank() == 1 ? "4" : "3"); },
                    ThrowsMessage<Error>(AllOf(HasSubstr("the seed differs"),
                                               HasSubstr("rank 0 has 3, rank 1 has 4"))));
        require_same(group, "the seed", "3");
    });
}

TEST(Ranks, put_the_rows_of_a_table_together_bit_by_bit) {
    const double nan = std::nan("");
    test::on_ranks(2, [&](Group& group) {
        const auto zero = at::full({1, 2}, -0.0, at::kDouble);
        const auto others = at::tensor({1.0, nan, 3.0, 4.0}, at::kDouble).view({2, 2});
        const auto all = group.leads() ? gather_rows(group, {{0, others}}, 3)
                                       : gather_rows(group, {{2, zero}}, 3);
        EXPECT_TRUE(all.slice(0, 0, 2).view(at::kLong).equal(others.view(at::kLong)));
        EXPECT_TRUE(std::signbit(all[2][0].item<double>()));
    });
    test::on_ranks(3, [&](Group& group) {  // two ranks have no row
        const auto row = at::ones({1, 3}, at::kLong);
        const auto all =
            group.rank() == 1 ? gather_rows(group, {{0, row}}, 1) : gather_rows(group, {}, 1);
        EXPECT_TRUE(all.equal(row));
    });
}

TEST(Ranks, average_in_one_message) {
    test::on_ranks(2, [](Group& group) {
        auto a = at::full({2}, group.rank() == 0 ? 1.0F : 4.0F);
        auto b = at::full({1, 1}, static_cast<double>(group.rank()), at::kDouble);
        average(group, {a, b});
        EXPECT_TRUE(a.equal(at::full({2}, 2.5F)));
        EXPECT_EQ(b.item<double>(), .5);
    });
}

TEST(AloneScope, lets_a_process_work_without_the_others) {
    test::on_ranks(1, [](Group& group) {
        set_world(&group);
        {
            const AloneScope alone;
            EXPECT_NE(&world(), &group);
        }
        EXPECT_EQ(&world(), &group);
        set_world(nullptr);
        EXPECT_NE(&world(), &group);
    });
}

TEST(GradientReducer, of_one_process_leaves_the_gradients_as_they_are) {
    Solo solo;
    auto weight = at::ones({2}).requires_grad_(true);
    GradientReducer reducer(solo, {weight});
    reducer.before_forward(true);
    const auto loss = (weight * 3).sum();
    reducer.before_backward(loss, true);
    loss.backward();
    EXPECT_TRUE(weight.grad().equal(at::full({2}, 3.0F)));
    EXPECT_TRUE(reducer.timers().empty());
}

/// Sets variables for a scope.
class Environment {
  public:
    using Variable = std::pair<const char*, const char*>;
    Environment(std::initializer_list<Variable> variables) : variables_(variables) {
        for (const auto& [name, value] : variables_) {
            ::setenv(name, value, 1);
        }
    }
    ~Environment() {
        for (const auto& [name, value] : variables_) {
            ::unsetenv(name);
        }
    }
    Environment(const Environment&) = delete;
    Environment& operator=(const Environment&) = delete;

  private:
    std::vector<Variable> variables_;
};

TEST(Launcher, is_found_by_its_environment) {
    EXPECT_FALSE(find_launcher());
    {
        const Environment mpirun{{"OMPI_COMM_WORLD_SIZE", "4"}};
        EXPECT_EQ(find_launcher()->name, "mpirun");
        EXPECT_EQ(find_launcher()->size, 4);
    }
    {
        const Environment batch{{"SLURM_NTASKS", "4"}, {"SLURM_PROCID", "0"}};
        EXPECT_FALSE(find_launcher()) << "the batch script itself is one process";
    }
    const Environment step{{"SLURM_STEP_NUM_TASKS", "2"}, {"SLURM_PROCID", "0"}};
    EXPECT_EQ(find_launcher()->name, "srun");
}

TEST(Launcher, that_cannot_work_is_told_in_a_sentence) {
    EXPECT_THAT([] { begin({.way = "nccl"}); },
                ThrowsMessage<Error>(HasSubstr("no module for nccl")));
    EXPECT_THAT([] { begin({.way = "tcp"}); },
                ThrowsMessage<Error>(HasSubstr("expected one of auto, none, mpi, got 'tcp'")));
    EXPECT_THAT([] { begin({.timeout = 0}); }, ThrowsMessage<Error>(HasSubstr("above 0, got 0")));
    const Environment one{{"OMPI_COMM_WORLD_SIZE", "1"}};
    begin({});  // one process needs no module
    EXPECT_FALSE(is_begun());
}

}  // namespace
}  // namespace hfc::parallel
