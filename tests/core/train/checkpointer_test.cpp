#include "checkpoint/store.h"

#include "base/file.h"
#include "base/interrupt.h"
#include "scratch_folder.h"
#include "train/toy.h"
#include "train/train.h"

#include <ATen/ATen.h>
#include <ATen/Functions.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

namespace hfc::train {
namespace {

using test::error_of;
using test::toy;
using testing::HasSubstr;

/// Two epochs of five batches with dropout, two probes and a shuffled order.
class Keeping : public testing::Test {
  protected:
    static constexpr int64_t steps = 10;

    Keeping() {
        options.epochs = 2;
        options.batch_size = 16;
        options.optimizer.lr = 3e-3;
        options.seed = 4;
        options.probes = {{"train", data}, {"low", data.low_pass(3)}};
    }
    ~Keeping() override { clear_interrupt(); }

    static model::ModelPtr new_model(uint64_t seed) {
        return model::make("preact_resnet8",
                           {.classes = 3, .batch_norm = true, .dropout = 0.3, .seed = seed});
    }

    TrainOptions kept(const std::filesystem::path& folder, bool resume) const {
        auto with = options;
        with.checkpoints.folder = folder;
        with.checkpoints.resume = resume;
        return with;
    }

    void expect_as_if_never_stopped(const model::Model& model,
                                    const std::vector<EpochResult>& results) const {
        const auto expected = whole->named_parameters(), found = model.named_parameters();
        for (const auto& item : expected) {
            EXPECT_TRUE(at::equal(item.value(), found[item.key()]))
                << item.key() << " to the last bit";
        }
        for (const auto& item : whole->named_buffers()) {
            EXPECT_TRUE(at::equal(item.value(), model.named_buffers()[item.key()])) << item.key();
        }
        ASSERT_EQ(results.size(), whole_results.size());
        for (size_t i = 0; i < results.size(); ++i) {
            EXPECT_EQ(results[i].loss, whole_results[i].loss);
            EXPECT_EQ(results[i].accuracy, whole_results[i].accuracy);
            EXPECT_EQ(results[i].step, whole_results[i].step);
        }
    }

    data::Dataset data = toy(72, 1);
    TrainOptions options;
    model::ModelPtr whole;
    std::vector<EpochResult> whole_results;

    void train_whole() {
        whole = new_model(0);
        whole_results = train(*whole, data, options);
    }
};

TEST_F(Keeping, goes_on_after_ctrl_c_at_any_moment) {
    train_whole();
    // Each progress report is a moment: after a batch, before the probes and during them.
    for (int64_t moment = 1;; ++moment) {
        SCOPED_TRACE(fmt::format("stopped at report {}", moment));
        const test::ScratchFolder scratch("hfc checkpointer");
        int64_t reports = 0;
        bool stopped = false;
        const Observer stop = {[&](const Progress&) {
                                   if (++reports == moment) {
                                       request_interrupt();
                                   }
                               },
                               {}};
        try {
            train(*new_model(0), data, kept(scratch.path(), false), stop);
        } catch (const Interrupted&) {
            stopped = true;
        }
        clear_interrupt();
        const auto model = new_model(8);
        expect_as_if_never_stopped(*model, train(*model, data, kept(scratch.path(), true)));
        if (!stopped) {
            EXPECT_GT(moment, steps);
            break;
        }
    }
}

TEST_F(Keeping, goes_on_after_a_death_at_any_moment) {
    struct Death {};
    train_whole();
    for (int64_t moment = 1; moment <= steps + 2; moment += 3) {
        SCOPED_TRACE(fmt::format("died at report {}", moment));
        const test::ScratchFolder scratch("hfc checkpointer");
        int64_t reports = 0;
        const Observer die = {[&](const Progress&) {
                                  if (++reports == moment) {
                                      throw Death();
                                  }
                              },
                              {}};
        auto every_batch = kept(scratch.path(), false);
        every_batch.checkpoints.seconds = 0;
        EXPECT_THROW(train(*new_model(0), data, every_batch, die), Death);
        const auto model = new_model(8);
        std::vector<int64_t> epochs_told;
        const Observer observer = {
            {}, [&](const EpochResult& result) { epochs_told.push_back(result.epoch); }};
        expect_as_if_never_stopped(*model,
                                   train(*model, data, kept(scratch.path(), true), observer));
        EXPECT_THAT(epochs_told, testing::ElementsAre(1, 2))
            << "each once, those before the death too";
    }
}

TEST_F(Keeping, keeps_the_average_and_the_groups_of_a_given_optimizer) {
    struct Death {};
    options.average = .9;
    /// The first weights at a tenth of the rate; those in the middle in no group.
    const auto with_groups = [&](model::Model& model, TrainOptions with) {
        const auto parameters = model.parameters();
        optim::OptimizerOptions sgd = optim::default_options("sgd");
        sgd.momentum = .9;
        sgd.lr = 3e-3;
        with.given_optimizer = optim::make_optimizer(std::vector{parameters.front()}, sgd);
        sgd.lr = 3e-2;
        with.given_optimizer->add_group({{parameters.back()}, sgd});
        return with;
    };
    const auto run = [&](model::Model& model, const TrainOptions& with, const Observer& observer) {
        return train(model, data, with_groups(model, with), observer);
    };
    whole = new_model(0);
    whole_results = run(*whole, options, {});
    EXPECT_TRUE(at::equal(whole->parameters()[1], new_model(0)->parameters()[1])) << "in no group";
    for (int64_t moment = 1; moment <= steps + 2; moment += 3) {
        SCOPED_TRACE(fmt::format("died at report {}", moment));
        const test::ScratchFolder scratch("hfc checkpointer");
        int64_t reports = 0;
        Observer die;
        die.on_batch = [&](const Progress&) {
            if (++reports == moment) {
                throw Death();
            }
        };
        auto every_batch = kept(scratch.path(), false);
        every_batch.checkpoints.seconds = 0;
        EXPECT_THROW(run(*new_model(0), every_batch, die), Death);
        const auto model = new_model(0);
        expect_as_if_never_stopped(*model, run(*model, kept(scratch.path(), true), {}));
        auto other = kept(scratch.path(), true);
        other.average = .99;
        EXPECT_THAT(error_of([&] { run(*new_model(0), other, {}); }),
                    HasSubstr("a different training run: steps was {\"average\":0.9}"));
        EXPECT_THAT(error_of([&] { train(*new_model(0), data, kept(scratch.path(), true)); }),
                    HasSubstr("a different training run"));
    }
}

TEST_F(Keeping, links_the_best_epoch) {
    const test::ScratchFolder scratch("hfc checkpointer");
    options.epochs = 3;
    train(*new_model(0), data, kept(scratch.path(), false));
    size_t links = 0;
    for (const auto& file : std::filesystem::recursive_directory_iterator(scratch.path())) {
        links += file.is_regular_file() && file.hard_link_count() == 2 ? 1 : 0;
    }
    // The last epoch is best on these data: one file under two names, twice.
    EXPECT_EQ(links, 4U);
}

/// Also of a folder into which a thread writes just then.
void put_a_file_in_place_of(const std::filesystem::path& folder) {
    while (!std::filesystem::is_regular_file(folder)) {
        std::error_code ignored;
        std::filesystem::remove_all(folder, ignored);
        std::ofstream(folder) << "a file in its place";
    }
}

TEST_F(Keeping, tells_a_fault_of_the_writing_thread) {
    const test::ScratchFolder scratch("hfc checkpointer");
    auto options_there = kept(scratch.path() / "there", false);
    options_there.checkpoints.seconds = 0;
    Observer breaks;
    breaks.on_batch = [&](const Progress& progress) {
        if (progress.epoch == 1 && progress.batch == 3) {
            put_a_file_in_place_of(scratch.path() / "there");
        }
    };
    EXPECT_THAT(error_of([&] { train(*new_model(0), data, options_there, breaks); }),
                HasSubstr("there"));
}

TEST_F(Keeping, keeps_the_best_epoch_beside_the_last) {
    struct Death {};
    options.epochs = 8;
    options.probes = {{"train", data}, {"validation", toy(40, 2)}};
    train_whole();
    const auto by_test = [](const EpochResult& result) { return result.accuracy.at(1).second; };
    const auto best = std::ranges::max_element(whole_results, {}, by_test)->epoch;
    const test::ScratchFolder scratch("hfc checkpointer");
    // A death on the way changes nothing.
    const Observer die = {{}, [&](const EpochResult& result) {
                              if (result.epoch == best) {
                                  throw Death();
                              }
                          }};
    auto every_batch = kept(scratch.path(), false);
    every_batch.checkpoints.seconds = 0;
    EXPECT_THROW(train(*new_model(0), data, every_batch, die), Death);
    train(*new_model(8), data, kept(scratch.path(), true));

    EXPECT_EQ(checkpoint::Store(scratch.path()).numbers().size(), 1U);
    const checkpoint::Store store(scratch.path() / "best");
    EXPECT_THAT(store.numbers(), testing::ElementsAre(best));
    options.epochs = best;
    const auto model = new_model(0);
    train(*model, data, options);
    const auto kept_best = store.load(best);
    const auto parameters = model->named_parameters();
    for (const auto& [name, tensor] : kept_best.tensors) {
        if (name.starts_with("model.") && parameters.contains(name.substr(6))) {
            EXPECT_TRUE(at::equal(tensor, parameters[name.substr(6)])) << name;
        }
    }
    EXPECT_EQ(kept_best.state.at("epoch").get<int64_t>(), best + 1) << "the one to go on with";
}

TEST_F(Keeping, goes_on_under_names_that_are_not_utf8) {
    auto images = std::make_shared<data::Images>();
    images->name = "caf\xe9 train";
    images->pixels = data.batch(0, 72).images.mul(255).round().to(at::kByte);
    images->labels = data.labels().clone();
    images->class_names = data.class_names();
    data = data::Dataset(images);
    options.probes = {{"probe \xff", data}, {"probe \xfe", data.low_pass(3)}};
    train_whole();
    const test::ScratchFolder scratch("hfc checkpointer");
    struct Death {};
    const Observer die = {[](const Progress& progress) {
                              if (progress.epoch == 2) {
                                  throw Death();
                              }
                          },
                          {}};
    auto every_batch = kept(scratch.path(), false);
    every_batch.checkpoints.seconds = 0;
    EXPECT_THROW(train(*new_model(0), data, every_batch, die), Death);
    const auto model = new_model(8);
    expect_as_if_never_stopped(*model, train(*model, data, kept(scratch.path(), true)));
}

TEST_F(Keeping, takes_the_checkpoint_before_a_damaged_one) {
    train_whole();
    const test::ScratchFolder scratch("hfc checkpointer");
    struct Death {};
    auto every_batch = kept(scratch.path(), false);
    every_batch.checkpoints.seconds = 0;
    const Observer die = {[&](const Progress& progress) {
                              if (progress.epoch == 2 && progress.batch == 3) {
                                  throw Death();
                              }
                          },
                          {}};
    EXPECT_THROW(train(*new_model(0), data, every_batch, die), Death);
    checkpoint::Store store(scratch.path());
    EXPECT_EQ(store.numbers().size(), 2U);
    const auto newest =
        scratch.path() / fmt::format("checkpoint-{:09}.safetensors", store.numbers().back());
    auto bytes = read_file(newest);
    bytes[bytes.size() / 2] = static_cast<char>(bytes[bytes.size() / 2] ^ 1);
    write_file(newest, bytes);
    std::vector<std::string> warnings;
    auto again = kept(scratch.path(), true);
    again.checkpoints.warn = [&](const std::string& text) { warnings.push_back(text); };
    const auto model = new_model(8);
    expect_as_if_never_stopped(*model, train(*model, data, again));
    EXPECT_THAT(warnings, testing::ElementsAre(HasSubstr("damaged")));
}

TEST_F(Keeping, a_finished_training_is_read_and_not_repeated_and_may_be_made_longer) {
    const test::ScratchFolder scratch("hfc checkpointer");
    train(*new_model(0), data, kept(scratch.path(), false));
    EXPECT_EQ(checkpoint::Store(scratch.path()).numbers().size(), 1U);
    int64_t batches = 0;
    const Observer count = {
        [&](const Progress& progress) { batches += progress.batch > 0 ? 1 : 0; }, {}};
    train(*new_model(8), data, kept(scratch.path(), true), count);
    EXPECT_EQ(batches, 0);

    options.epochs = 3;
    train_whole();
    const auto model = new_model(8);
    expect_as_if_never_stopped(*model, train(*model, data, kept(scratch.path(), true), count));
    EXPECT_EQ(batches, steps / 2);
}

TEST_F(Keeping, refuses_what_belongs_to_another_training) {
    const test::ScratchFolder scratch("hfc checkpointer");
    options.epochs = 1;
    train(*new_model(0), data, kept(scratch.path(), false));
    EXPECT_THAT(error_of([&] { train(*new_model(0), data, kept(scratch.path(), false)); }),
                HasSubstr("contains the checkpoints of a different training run"));
    auto other = kept(scratch.path(), true);
    other.seed = 5;
    EXPECT_THAT(error_of([&] { train(*new_model(0), data, other); }),
                HasSubstr("seed was 4 and is now 5"));
    EXPECT_THAT(error_of([&] {
                    train(*model::make("preact_resnet8", {.classes = 3}), data,
                          kept(scratch.path(), true));
                }),
                HasSubstr("the checkpoint"));
    other.checkpoints.seconds = -1;
    EXPECT_THAT(error_of([&] { train(*new_model(0), data, other); }),
                HasSubstr("seconds between checkpoints must be >= 0, got -1"));
}

/// Says what it is told to from the given question on; the training asks once a batch and once an
/// epoch (twelve times in all), and while it waits.
std::function<run::Request()> asks(std::map<int, run::Request> changes, int& questions) {
    return [changes = std::move(changes), &questions] {
        const auto next = changes.upper_bound(++questions);
        return next == changes.begin() ? run::Request::go_on : std::prev(next)->second;
    };
}

TEST_F(Keeping, a_pause_changes_nothing_but_the_time) {
    train_whole();
    const test::ScratchFolder folder("pause");
    auto paused = kept(folder.path(), false);
    paused.checkpoints.seconds = 3600;
    int questions = 0;
    paused.request = asks({{3, run::Request::pause}, {7, run::Request::go_on}}, questions);
    auto model = new_model(0);
    int batches_before_the_pause = 0;
    const auto results = train(*model, data, paused,
                               {[&](const Progress& progress) {
                                    batches_before_the_pause +=
                                        questions <= 3 && progress.batch > 0;
                                },
                                {}});
    EXPECT_EQ(batches_before_the_pause, 2) << "the third question is met with a pause";
    expect_as_if_never_stopped(*model, results);
}

TEST_F(Keeping, a_pause_ends_with_ctrl_c) {
    train_whole();
    const test::ScratchFolder folder("pause");
    auto paused = kept(folder.path(), false);
    paused.request = [] {
        request_interrupt();
        return run::Request::pause;
    };
    auto model = new_model(0);
    EXPECT_THROW(train(*model, data, paused), Interrupted);
    clear_interrupt();
    auto again = new_model(2);
    expect_as_if_never_stopped(*again, train(*again, data, kept(folder.path(), true)));
}

TEST_F(Keeping, a_stop_ends_it_after_the_epoch_for_good) {
    train_whole();
    const test::ScratchFolder folder("stop");
    auto stopped = kept(folder.path(), false);
    stopped.request = [] { return run::Request::stop; };
    auto model = new_model(0);
    const auto results = train(*model, data, stopped);
    ASSERT_EQ(results.size(), 1U);
    EXPECT_EQ(results[0].loss, whole_results[0].loss);
    auto again = new_model(2);
    EXPECT_EQ(train(*again, data, kept(folder.path(), true)).size(), 1U)
        << "a resumed run meets the training as it was ended";
    EXPECT_TRUE(at::equal(again->parameters()[0], model->parameters()[0]));
}

}  // namespace
}  // namespace hfc::train
