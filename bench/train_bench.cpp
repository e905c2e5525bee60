// Training and evaluation of the paper's network with batches of 100 images of 3x32x32, in images a
// second.
//   training_step, forward  compare with `peer.py train`, run within the same minutes
//   main_job_epoch          an epoch of the main experiment with its probes (training, test, low
//                           r = 4, 8, 12, 16); `overhead` is its time divided by the time of the
//                           same training steps and forward passes alone, with prepared batches
//   adversarial_epoch       an epoch of adversarial training (PGD with 5 steps); `overhead` is its
//                           time divided by the time of its forward and backward passes alone
#include "data/source/synthetic.h"
#include "model/model.h"
#include "train/adversarial.h"
#include "train/train.h"

#include <ATen/Functions.h>
#include <ATen/core/grad_mode.h>
#include <benchmark/benchmark.h>
#include <torch/csrc/autograd/autograd.h>

#include <chrono>
#include <functional>

namespace hfc {
namespace {

constexpr int64_t batch_size = 100;

/// The network with a prepared batch in the layout that training uses.
struct Bare {
    model::ModelPtr model = model::make("preact_resnet32");
    at::Tensor images =
        at::rand({batch_size, 3, 32, 32}).contiguous(at::MemoryFormat::ChannelsLast);
    at::Tensor labels = at::randint(10, {batch_size}, at::kLong);
    std::unique_ptr<optim::Optimizer> optimizer;

    Bare() {
        model::use_channels_last(*model);
        optimizer = optim::make_optimizer(model->parameters(), {});
    }
    void step() {
        optimizer->zero_grad();
        at::cross_entropy_loss(model->forward(images), labels).backward();
        optimizer->step();
    }
    void forward() {
        const at::NoGradGuard no_grad;
        benchmark::DoNotOptimize(model->forward(images));
    }
    /// A forward pass and a backward pass to the images, as in a step of an attack.
    void attack_pass() {
        const auto inputs = images.detach().requires_grad_();
        const auto loss = at::cross_entropy_loss(model->forward(inputs), labels);
        benchmark::DoNotOptimize(torch::autograd::grad({loss}, {inputs}));
    }
    void require_grad(bool value) {
        for (auto& parameter : model->parameters()) {
            parameter.requires_grad_(value);
        }
    }
};

template <typename Work>
double seconds_of(Work&& work) {
    const auto start = std::chrono::steady_clock::now();
    work();
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

void images_a_second(benchmark::State& state) {
    state.counters["images/s"] = benchmark::Counter(
        static_cast<double>(state.iterations() * batch_size), benchmark::Counter::kIsRate);
}

void training_step(benchmark::State& state) {
    Bare bare;
    bare.step();
    for (auto _ : state) {
        bare.step();
    }
    images_a_second(state);
}

void forward(benchmark::State& state) {
    Bare bare;
    bare.forward();
    for (auto _ : state) {
        bare.forward();
    }
    images_a_second(state);
}

/// Sets the counter `overhead`: the time of one training run divided by the time of `passes` alone,
/// each on its own network.
void compare_with_passes(benchmark::State& state, const data::Dataset& dataset,
                         const train::TrainOptions& options,
                         const std::function<void(Bare&)>& passes) {
    Bare bare;
    bare.step();
    double job = 0, alone = 0;
    for (auto _ : state) {
        auto model = model::make("preact_resnet32");
        job += seconds_of([&] { train::train(*model, dataset, options); });
        state.PauseTiming();
        alone += seconds_of([&] { passes(bare); });
        state.ResumeTiming();
    }
    state.counters["overhead"] = job / alone;
}

void main_job_epoch(benchmark::State& state) {
    constexpr int64_t train_images = 1000, test_images = 200;
    const auto data = data::synthetic({.train = train_images, .test = test_images});
    train::TrainOptions options;
    options.epochs = 1;
    options.batch_size = batch_size;
    options.probes = {{"train", data.train}, {"test", data.test}};
    for (const double radius : {4, 8, 12, 16}) {
        options.probes.push_back({"low", data.train.low_pass(radius)});
    }
    const int64_t steps = train_images / batch_size,
                  forwards = (5 * train_images + test_images) / batch_size;
    compare_with_passes(state, data.train, options, [&](Bare& bare) {
        for (int64_t i = 0; i < steps; ++i) {
            bare.step();
        }
        for (int64_t i = 0; i < forwards; ++i) {
            bare.forward();
        }
    });
}

void adversarial_epoch(benchmark::State& state) {
    constexpr int64_t train_images = 500, attack_steps = 5;
    const auto data = data::synthetic({.train = train_images, .test = 10});
    train::TrainOptions options;
    options.epochs = 1;
    options.batch_size = batch_size;
    options.objective = train::make_adversarial(train::make_objective("cross_entropy"),
                                                {.method = "pgd", .steps = attack_steps});
    compare_with_passes(state, data.train, options, [](Bare& bare) {
        for (int64_t batch = 0; batch < train_images / batch_size; ++batch) {
            bare.require_grad(false);
            for (int64_t i = 0; i < attack_steps; ++i) {
                bare.attack_pass();
            }
            bare.require_grad(true);
            bare.step();
        }
    });
}

BENCHMARK(training_step)->Unit(benchmark::kMillisecond)->UseRealTime();
BENCHMARK(forward)->Unit(benchmark::kMillisecond)->UseRealTime();
BENCHMARK(main_job_epoch)->Unit(benchmark::kMillisecond)->UseRealTime()->Iterations(3);
BENCHMARK(adversarial_epoch)->Unit(benchmark::kMillisecond)->UseRealTime()->Iterations(3);

}  // namespace
}  // namespace hfc

BENCHMARK_MAIN();
