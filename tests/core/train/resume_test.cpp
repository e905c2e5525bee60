#include "train/resume.h"
#include "train/adversarial.h"

#include "cuda.h"
#include "scratch_folder.h"
#include "train/toy.h"

#include <ATen/ATen.h>
#include <ATen/Context.h>
#include <ATen/Functions.h>
#include <ATen/Parallel.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace hfc::train {
namespace {

using test::error_of;
using test::toy;
using testing::HasSubstr;

/// A training by hand, of a network that draws random numbers (dropout).
struct ByHand {
    explicit ByHand(const std::string& optimizer_name, uint64_t seed = 0,
                    at::Device device = at::kCPU)
        : model(model::make("preact_resnet8",
                            {.classes = 3, .batch_norm = true, .dropout = 0.3, .seed = seed})) {
        model::use_channels_last(*model);
        model->to(device);
        options.device = device;
        options.optimizer = optim::default_options(optimizer_name);
        options.optimizer.lr = 1e-2;
        optimizer = optim::make_optimizer(model->parameters(), options.optimizer);
        model->train();
    }

    void steps(int64_t first, int64_t last) {
        for (int64_t i = first; i <= last; ++i) {
            const auto batch = data.batch(at::arange(i * 8, i * 8 + 8) % data.size());
            optimizer->zero_grad();
            at::cross_entropy_loss(model->forward(batch.images.to(options.device)),
                                   batch.labels.to(options.device))
                .backward();
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
    std::unique_ptr<optim::Optimizer> optimizer;
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

void expect_to_go_on_as_if_it_had_never_stopped(const std::string& optimizer, at::Device device) {
    ByHand whole(optimizer, 0, device);
    at::manual_seed(5);
    whole.steps(0, 3);
    const auto saved = capture({*whole.model, *whole.optimizer}, somewhere(), whole.training());
    // What is captured must not change under later steps before it is written: a checkpoint is
    // written at once.
    const test::ScratchFolder scratch("hfc resume");
    const checkpoint::Store store(scratch.path());
    store.save(4, saved);
    whole.steps(4, 7);

    ByHand resumed(optimizer, /*seed=*/9, device);
    at::manual_seed(77);
    const auto position =
        restore(store.load(4), {*resumed.model, *resumed.optimizer}, resumed.training());
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

class Resume : public testing::TestWithParam<std::string> {};

TEST_P(Resume, goes_on_as_if_it_had_never_stopped) {
    expect_to_go_on_as_if_it_had_never_stopped(GetParam(), at::kCPU);
}

class CudaResume : public Resume {};

TEST_P(CudaResume, goes_on_as_if_it_had_never_stopped) {
    HFC_NEEDS_CUDA();
    at::globalContext().setDeterministicCuDNN(true);  // as hfc.train does
    expect_to_go_on_as_if_it_had_never_stopped(GetParam(), parse_device("cuda"));
}

INSTANTIATE_TEST_SUITE_P(CudaOptimizers, CudaResume, testing::ValuesIn(optim::known_optimizers()),
                         [](const auto& optimizer) { return optimizer.param; });

INSTANTIATE_TEST_SUITE_P(AllOptimizers, Resume, testing::ValuesIn(optim::known_optimizers()),
                         [](const auto& optimizer) { return optimizer.param; });

/// refused(checkpoint) gives the text of the error.
template <typename Refused>
void expect_wrong_tensors_refused(const checkpoint::Checkpoint& saved, Refused&& refused) {
    for (const auto& [name, wrong, text] :
         {std::tuple("optimizer.0.exp_avg", at::kDouble, "is float64 of shape"),
          std::tuple("optimizer.0.step", at::kLong, "is int64 of shape []"),
          std::tuple("generator.cpu", at::kFloat,
                     "comes from a different version of LibTorch: float32")}) {
        auto of_another_type = saved;
        for (auto& [found, tensor] : of_another_type.tensors) {
            tensor = found == name ? tensor.to(wrong) : tensor;
        }
        EXPECT_THAT(refused(of_another_type), HasSubstr(text));
    }
    auto shorter = saved, nonsense = saved;
    for (auto* const changed : {&shorter, &nonsense}) {
        for (auto& [name, tensor] : changed->tensors) {
            if (name == "generator.cpu") {
                tensor = changed == &shorter ? tensor.slice(0, 8).clone() : at::ones_like(tensor);
            }
        }
    }
    EXPECT_THAT(refused(shorter),
                HasSubstr("'generator.cpu' comes from a different version of LibTorch"));
    EXPECT_THAT(refused(nonsense),
                HasSubstr("'generator.cpu' is not the state of a random number generator"));
}

TEST(Restore, changes_nothing_when_the_checkpoint_is_of_another_training) {
    ByHand first("adam");
    first.steps(0, 1);
    const auto saved = capture({*first.model, *first.optimizer}, somewhere(), first.training());
    ByHand other("adam", 3);
    const auto before = at::cat({other.model->parameters()[0].flatten(),
                                 other.model->parameters().back().flatten()})
                            .clone();
    const auto refused = [&](const checkpoint::Checkpoint& checkpoint) {
        return error_of([&] {
            restore(checkpoint, {*other.model, *other.optimizer}, other.training());
        });
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
    EXPECT_THAT(refused(misshapen), HasSubstr("'optimizer.0.exp_avg' is float32 of shape [2, 2]"));

    expect_wrong_tensors_refused(saved, refused);

    auto impossible = saved;
    impossible.state["epoch"] = 7;
    EXPECT_THAT(refused(impossible),
                HasSubstr("at epoch 7, batch 3, but contains the results of 1 epochs"));
    impossible.state["epoch"] = "seven";
    EXPECT_THAT(refused(impossible),
                HasSubstr("a field of the checkpoint is missing or has the wrong type"));
    impossible.state.erase("training");
    EXPECT_THAT(refused(impossible), HasSubstr("a field of the checkpoint is missing"));

    EXPECT_TRUE(at::equal(before, at::cat({other.model->parameters()[0].flatten(),
                                           other.model->parameters().back().flatten()})));
    EXPECT_TRUE(other.optimizer->states().front().empty());
}

TEST(Restore, knows_the_same_training_on_another_gpu_and_by_names_that_are_not_utf8) {
    ByHand first("sgd");
    first.options.probes = {{"caf\xe9", first.data}};
    first.options.device = at::Device(at::kCUDA, 0);
    const auto saved = capture({*first.model, *first.optimizer}, somewhere(), first.training());
    const test::ScratchFolder scratch("hfc resume");
    const checkpoint::Store store(scratch.path());
    store.save(1, saved);
    auto other = first.options;
    other.device = at::Device(at::kCUDA, 1);
    EXPECT_EQ(
        restore(store.load(1), {*first.model, *first.optimizer}, describe(first.data, other)).epoch,
        2);
    other.device = at::kCPU;
    EXPECT_THAT(
        error_of([&] {
            restore(store.load(1), {*first.model, *first.optimizer}, describe(first.data, other));
        }),
        HasSubstr("device was \"cuda\" and is now \"cpu\""));
}

TEST(Restore, says_when_the_number_of_threads_is_another) {
    ByHand training("sgd");
    auto saved = capture({*training.model, *training.optimizer}, somewhere(), training.training());
    std::vector<std::string> said;
    const auto restored = [&] {
        restore(saved, {*training.model, *training.optimizer}, training.training(),
                [&](const std::string& text) { said.push_back(text); });
    };
    restored();
    EXPECT_THAT(said, testing::IsEmpty());
    saved.state["threads"] = at::get_num_threads() + 3;
    restored();
    EXPECT_THAT(said, testing::ElementsAre(HasSubstr(
                          fmt::format("was written with {} threads", at::get_num_threads() + 3))));
    saved.state.erase("threads");  // of an older version
    restored();
    EXPECT_EQ(said.size(), 1U);
}

TEST(Describe, tells_data_of_one_name_and_size_apart) {
    ByHand training("sgd");
    const auto saved =
        capture({*training.model, *training.optimizer}, somewhere(), training.training());
    const auto refused = [&](const data::Dataset& data) {
        return error_of([&] {
            restore(saved, {*training.model, *training.optimizer},
                    describe(data, training.options));
        });
    };
    EXPECT_THAT(refused(toy(64, 2)), HasSubstr("a different training run: content was"));
    auto images = std::make_shared<data::Images>();
    images->name = "toy";
    images->pixels = toy(64, 1).batch(0, 64).images.mul(255).round().to(at::kByte);
    images->labels = toy(64, 1).labels().clone();
    images->class_names = {"dark", "bright", "half"};
    EXPECT_EQ(describe(data::Dataset(images), training.options), training.training());
    images->labels[5] = (images->labels[5] + 1) % 3;
    EXPECT_THAT(refused(data::Dataset(images)), HasSubstr("content was"));
}

TEST(Describe, knows_checkpoints_from_before_amsgrad_and_maximize) {
    ByHand training("adam");
    EXPECT_EQ(training.training().at("optimizer").size(), 6) << training.training();
    training.options.optimizer.amsgrad = true;
    EXPECT_EQ(training.training().at("optimizer").at("amsgrad"), true);
}

TEST(Describe, tells_masks_of_one_sum_apart) {
    ByHand training("sgd");
    const auto with_mask = [&](const at::Tensor& mask) {
        auto options = training.options;
        attack::AttackOptions attack{.method = "pgd", .epsilon = 0.1};
        attack.band = attack::Band{.mask = mask};
        options.objective = make_adversarial(make_objective("cross_entropy"), attack);
        return describe(training.data, options);
    };
    const auto left = at::zeros({8, 8}), right = at::zeros({8, 8});
    left[0][1] = 1;
    right[1][0] = 1;
    EXPECT_EQ(with_mask(left), with_mask(left.clone()));
    EXPECT_NE(with_mask(left), with_mask(right));
}

}  // namespace
}  // namespace hfc::train
