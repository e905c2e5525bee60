// How a training reads its batches: the last one, threads, samples that cannot be read.
#include "base/error.h"
#include "checkpoint/store.h"
#include "data/transform/augment.h"
#include "data/transform/mixup.h"
#include "scratch_folder.h"
#include "train/toy.h"
#include "train/train.h"

#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

namespace hfc::train {
namespace {

using test::error_of;
using test::toy;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;

TrainOptions two_epochs(int64_t batch_size) {
    TrainOptions options;
    options.epochs = 2;
    options.batch_size = batch_size;
    options.optimizer.lr = 3e-3;
    options.seed = 4;
    return options;
}

/// Everything that training changes.
at::Tensor state_of(const model::Model& model) {
    std::vector<at::Tensor> flat;
    for (const auto& tensor : model.parameters()) {
        flat.push_back(tensor.detach().reshape({-1}));
    }
    for (const auto& tensor : model.buffers()) {
        flat.push_back(tensor.reshape({-1}).to(at::kFloat));
    }
    return at::cat(flat);
}

TEST(DropLast, leaves_a_last_batch_of_fewer_images_out) {
    auto options = two_epochs(16);
    options.drop_last = true;
    std::vector<int64_t> sizes;
    test::FunctionModel model(
        at::zeros({1}), [&](const at::Tensor& weight, const at::Tensor& images) {
            sizes.push_back(images.size(0));
            return at::zeros({images.size(0), 3}).add(images.mean({1, 2, 3}).unsqueeze(1)) + weight;
        });
    std::vector<Progress> told;
    const Observer observer = {[&](const Progress& progress) { told.push_back(progress); }};
    const auto results = train(model, toy(40, 1), options, observer);
    EXPECT_THAT(sizes, ElementsAre(16, 16, 16, 16));
    EXPECT_EQ(results.back().step, 4);
    EXPECT_EQ(told.back().batches, 2);
    EXPECT_LT(told.back().seconds_left, 1e-5);
    sizes.clear();
    train(model, toy(32, 1), options);
    EXPECT_THAT(sizes, ElementsAre(16, 16, 16, 16)) << "whole batches alone";
    EXPECT_THAT(error_of([&] { train(model, toy(15, 1), options); }),
                HasSubstr("drop_last would drop the only batch of 'toy': it has 15 images, fewer "
                          "than the batch size 16"));
    EXPECT_EQ(train(model, toy(16, 1), options).back().step, 2);
}

TEST(DropLast, is_what_a_batch_norm_of_one_value_a_channel_advises) {
    const auto images = at::rand({5, 3, 16, 16}, make_generator(1, "images"));
    const auto data = data::dataset_of(images, at::arange(5).remainder(3));
    const auto new_model = [] { return model::make("vgg11", {.classes = 3, .batch_norm = true}); };
    auto options = two_epochs(4);
    options.epochs = 1;
    EXPECT_THAT(error_of([&] { train(*new_model(), data, options); }),
                AllOf(HasSubstr("Expected more than 1 value per channel"), HasSubstr("drop_last")));
    options.drop_last = true;
    const auto model = new_model();
    train(*model, data, options);
    EXPECT_TRUE(state_of(*model).isfinite().all().item<bool>());
}

/// With everything random that a training has besides an attack.
TrainOptions with_all_that_is_drawn() {
    auto options = two_epochs(16);
    options.transforms = {std::make_shared<data::AugmentTransform>(
                              data::AugmentOptions{.rotate = 20, .pad = 2, .flip = true}),
                          std::make_shared<data::MixUp>(0.3, 3)};
    return options;
}

model::ModelPtr new_model(uint64_t seed = 0) {
    return model::make("preact_resnet8",
                       {.classes = 3, .batch_norm = true, .dropout = 0.3, .seed = seed});
}

TEST(ReadingThreads, change_no_bit) {
    const auto data = toy(72, 1).low_pass(3);
    at::Tensor expected;
    for (const int64_t threads : {0, 1, 2, 3, 7}) {
        auto options = with_all_that_is_drawn();
        options.threads = threads;
        const auto model = new_model();
        train(*model, data, options);
        expected = threads == 0 ? state_of(*model) : expected;
        EXPECT_TRUE(at::equal(state_of(*model), expected)) << threads << " threads";
    }
    auto options = with_all_that_is_drawn();
    options.threads = 1025;
    EXPECT_THAT(error_of([&] { train(*new_model(), data, options); }),
                HasSubstr("threads must be 0 to 1024, got 1025"));
}

TEST(ReadingThreads, may_be_others_after_a_resume) {
    struct Death {};
    const auto data = toy(72, 1);
    const auto whole = new_model();
    train(*whole, data, with_all_that_is_drawn());
    const std::vector<std::optional<int64_t>> numbers = {0, 1, 2, 3, 7, std::nullopt};
    for (size_t i = 0; i < numbers.size(); ++i) {
        const test::ScratchFolder scratch("hfc threads");
        auto options = with_all_that_is_drawn();
        options.checkpoints.folder = scratch.path();
        options.checkpoints.seconds = 0;
        options.threads = numbers[i];
        const auto moment = static_cast<int64_t>(i) + 2;
        int64_t reports = 0;
        const Observer die = {[&](const Progress&) {
            if (++reports == moment) {
                throw Death();
            }
        }};
        EXPECT_THROW(train(*new_model(), data, options, die), Death);
        options.checkpoints.resume = true;
        options.threads = numbers[(i + 1) % numbers.size()];
        const auto resumed = new_model(9);
        train(*resumed, data, options);
        EXPECT_TRUE(at::equal(state_of(*resumed), state_of(*whole))) << "death " << moment;
    }
}

/// toy(), of which some samples cannot be read.
class Damaged : public data::Source {
  public:
    Damaged(int64_t size, std::set<int64_t> bad) : whole_(toy(size, 1)), bad_(std::move(bad)) {}
    const std::string& name() const override { return whole_.name(); }
    int64_t size() const override { return whole_.size(); }
    data::Shape shape() const override { return whole_.shape(); }
    at::ScalarType dtype() const override { return at::kFloat; }
    at::Tensor labels() const override { return whole_.labels(); }
    void read(const at::Tensor& samples, const data::Draw&, at::Tensor& into) const override {
        for (int64_t i = 0; i < samples.size(0); ++i) {
            const auto sample = samples[i].item<int64_t>();
            require(!bad_.contains(sample), "sample {} is damaged", sample);
            into[i].copy_(whole_.batch(sample, sample + 1).images[0]);
        }
    }
    void add_fingerprint(data::Checksum& checksum, const at::Tensor&) const override {
        checksum.add_item("damaged");
    }

  private:
    data::Dataset whole_;
    std::set<int64_t> bad_;
};

TEST(BadSamples, are_skipped_where_asked_and_told_once) {
    const data::Dataset data(std::make_shared<Damaged>(40, std::set<int64_t>{3, 17, 39}));
    auto options = two_epochs(16);
    EXPECT_THAT(error_of([&] { train(*new_model(), data, options); }), HasSubstr("is damaged"));
    options.bad = data::Bad::skip;
    std::vector<std::string> told;
    int64_t epochs = 0;
    Observer observer;
    observer.on_epoch = [&](const EpochResult&) { ++epochs; };
    observer.on_skipped = [&](const std::vector<data::BadSample>& skipped) {
        for (const auto& one : skipped) {
            told.push_back(one.reason);
        }
        EXPECT_EQ(epochs, 1) << "after the first epoch alone";
    };
    at::Tensor expected;
    for (const int64_t threads : {0, 3}) {
        options.threads = threads;
        told.clear();
        epochs = 0;
        const auto model = new_model();
        train(*model, data, options, observer);
        std::ranges::sort(told);
        EXPECT_THAT(told, ElementsAre(HasSubstr("sample 17 is"), HasSubstr("sample 3 is"),
                                      HasSubstr("sample 39 is")));
        expected = threads == 0 ? state_of(*model) : expected;
        EXPECT_TRUE(at::equal(state_of(*model), expected));
    }
}

TEST(Loading, tells_trainings_apart_but_by_the_number_of_threads) {
    const auto data = toy(40, 1);
    auto options = two_epochs(16);
    options.epochs = 1;
    const test::ScratchFolder scratch("hfc loading");
    options.checkpoints.folder = scratch.path();
    train(*new_model(), data, options);
    options.checkpoints.resume = true;
    options.threads = 2;
    EXPECT_EQ(train(*new_model(), data, options).size(), 1U);
    auto other = options;
    other.drop_last = true;
    EXPECT_THAT(error_of([&] { train(*new_model(), data, other); }),
                HasSubstr("a different training run: drop_last was null and is now true"));
    other = options;
    other.bad = data::Bad::skip;
    EXPECT_THAT(error_of([&] { train(*new_model(), data, other); }),
                HasSubstr("bad was null and is now \"skip\""));
}

TEST(ClassNames, are_those_of_the_data_set_trained_on_last) {
    auto options = two_epochs(16);
    options.epochs = 1;
    const test::ScratchFolder scratch("hfc class names");
    options.checkpoints.folder = scratch.path();
    const auto model = new_model();
    EXPECT_TRUE(model->class_names.empty());
    train(*model, toy(16, 1), options);
    EXPECT_THAT(model->class_names, ElementsAre("dark", "bright", "half"));
    EXPECT_EQ(model->copy()->class_names, model->class_names);
    const auto newest = checkpoint::Store(scratch.path()).newest();
    ASSERT_TRUE(newest.has_value());
    EXPECT_EQ(newest->state.at("class_names"), (checkpoint::Json{"dark", "bright", "half"}));
    options.checkpoints = {};
    train(*model, data::dataset_of(at::rand({4, 3, 8, 8}), at::arange(4).remainder(3)), options);
    EXPECT_TRUE(model->class_names.empty()) << "images without names";
}

}  // namespace
}  // namespace hfc::train
