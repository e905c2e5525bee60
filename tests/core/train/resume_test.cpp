#include "train/resume.h"

#include "scratch_folder.h"
#include "train/toy.h"

#include <ATen/Functions.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace hfc::train {
namespace {

using test::error_of;
using test::toy;
using testing::HasSubstr;

/// A training by hand, of a network that draws random numbers (dropout).
struct ByHand {
    explicit ByHand(const std::string& optimizer_name, uint64_t seed = 0)
        : model(model::make("preact_resnet8",
                            {.classes = 3, .batch_norm = true, .dropout = 0.3, .seed = seed})) {
        model::use_channels_last(*model);
        options.optimizer = default_options(optimizer_name);
        options.optimizer.lr = 1e-2;
        optimizer = make_optimizer(model->parameters(), options.optimizer);
        model->train();
    }

    void steps(int64_t first, int64_t last) {
        for (int64_t i = first; i <= last; ++i) {
            const auto batch = data.batch(at::arange(i * 8, i * 8 + 8) % data.size());
            optimizer->zero_grad();
            at::cross_entropy_loss(model->forward(batch.images), batch.labels).backward();
            optimizer->step();
        }
    }

    std::vector<at::Tensor> everything() {
        auto all = model->parameters();
        const auto buffers = model->buffers();
        all.insert(all.end(), buffers.begin(), buffers.end());
        for (const auto& state : optimizer->states()) {
            for (const auto& [name, tensor] : state) {
                all.push_back(tensor);
            }
        }
        return all;
    }

    checkpoint::Json training() const { return describe(data, options); }

    data::Dataset data = toy(64, 1);
    TrainOptions options;
    model::ModelPtr model;
    std::unique_ptr<Optimizer> optimizer;
};

Position somewhere() {
    Position position;
    position.epoch = 2;
    position.batch = 3;
    position.losses = {1.0 / 3, 24, 3};
    EpochResult result;
    result.epoch = 1;
    result.loss = 0.1;
    result.accuracy = {{"test", 2.0 / 3}, {"a b", 0}};
    position.results = {result};
    return position;
}

class Resume : public testing::TestWithParam<std::string> {};

TEST_P(Resume, goes_on_as_if_it_had_never_stopped) {
    ByHand whole(GetParam());
    at::manual_seed(5);
    whole.steps(0, 3);
    const auto saved = capture(*whole.model, *whole.optimizer, somewhere(), whole.training());
    // What is captured must not change under later steps before it is written: a checkpoint is
    // written at once.
    const test::ScratchFolder scratch("hfc resume");
    const checkpoint::Store store(scratch.path());
    store.save(4, saved);
    whole.steps(4, 7);

    ByHand resumed(GetParam(), /*seed=*/9);
    at::manual_seed(77);
    const auto position =
        restore(store.load(4), *resumed.model, *resumed.optimizer, resumed.training());
    EXPECT_EQ(position.epoch, 2);
    EXPECT_EQ(position.batch, 3);
    EXPECT_EQ(position.losses.sum, 1.0 / 3);
    EXPECT_EQ(position.results.at(0).accuracy, somewhere().results.at(0).accuracy);
    resumed.steps(4, 7);

    const auto expected = whole.everything(), found = resumed.everything();
    ASSERT_EQ(found.size(), expected.size());
    for (size_t i = 0; i < found.size(); ++i) {
        EXPECT_TRUE(at::equal(found[i], expected[i])) << "tensor " << i << " to the last bit";
        EXPECT_EQ(found[i].strides(), expected[i].strides());
    }
}

INSTANTIATE_TEST_SUITE_P(AllOptimizers, Resume, testing::ValuesIn(known_optimizers()),
                         [](const auto& optimizer) { return optimizer.param; });

TEST(Restore, changes_nothing_when_the_checkpoint_is_of_another_training) {
    ByHand first("adam");
    first.steps(0, 1);
    const auto saved = capture(*first.model, *first.optimizer, somewhere(), first.training());
    ByHand other("adam", 3);
    const auto before = at::cat({other.model->parameters()[0].flatten(),
                                 other.model->parameters().back().flatten()})
                            .clone();
    const auto refused = [&](const checkpoint::Checkpoint& checkpoint) {
        return error_of(
            [&] { restore(checkpoint, *other.model, *other.optimizer, other.training()); });
    };
    other.options.batch_size = 50;
    EXPECT_THAT(refused(saved), HasSubstr("batch_size was 100 and is now 50"));
    other.options.batch_size = 100;

    auto lacking = saved;
    std::erase_if(lacking.tensors,
                  [](const auto& named) { return named.first == "model.fc.weight"; });
    EXPECT_THAT(refused(lacking), HasSubstr("lacks the tensor 'model.fc.weight'"));

    auto misshapen = saved;
    for (auto& [name, tensor] : misshapen.tensors) {
        if (name == "optimizer.0.exp_avg") {
            tensor = at::zeros({2, 2});
        }
    }
    EXPECT_THAT(refused(misshapen), HasSubstr("'optimizer.0.exp_avg' has shape [2, 2]"));

    auto impossible = saved;
    impossible.state["epoch"] = 7;
    EXPECT_THAT(refused(impossible),
                HasSubstr("at epoch 7, batch 3, with the results of 1 epochs"));
    impossible.state["epoch"] = "seven";
    EXPECT_THAT(refused(impossible), HasSubstr("lacks a field, or one is of another kind"));
    impossible.state.erase("training");
    EXPECT_THAT(refused(impossible), HasSubstr("lacks a field"));

    EXPECT_TRUE(at::equal(before, at::cat({other.model->parameters()[0].flatten(),
                                           other.model->parameters().back().flatten()})));
    EXPECT_TRUE(other.optimizer->states().front().empty());
}

}  // namespace
}  // namespace hfc::train
