// Attacks on the paper's network with batches of 100 images of 3x32x32, in images a second. Compare
// with `peer.py attack`, run within the same minutes.
//   fgsm, pgd10, pgdl2_10  one call of perturb() on images that the network classifies correctly;
//                          no image is left out
//   robust_pgd10           robust accuracy of a naturally trained network at epsilon 8/255; images
//                          that are already misclassified are left out
#include "attack/attack.h"
#include "data/source/synthetic.h"
#include "train/train.h"

#include <ATen/Functions.h>
#include <ATen/core/grad_mode.h>
#include <benchmark/benchmark.h>

namespace hfc {
namespace {

constexpr int64_t batch_size = 100;

void perturb(benchmark::State& state, const attack::AttackOptions& options) {
    const auto model = model::make("preact_resnet32");
    const auto images = at::rand({batch_size, 3, 32, 32});
    const auto labels = [&] {
        const at::NoGradGuard no_grad;
        model->eval();
        return model->forward(images).argmax(1);
    }();
    for (auto _ : state) {
        benchmark::DoNotOptimize(attack::perturb(*model, images, labels, options));
    }
    state.SetItemsProcessed(state.iterations() * batch_size);
}

/// A naturally trained network and its test images, made once for all repeats.
struct Trained {
    data::Pair data = data::synthetic({.train = 1000, .test = 200});
    model::ModelPtr model = model::make("preact_resnet32");

    Trained() {
        train::TrainOptions options;
        options.epochs = 2;
        options.batch_size = 50;
        options.optimizer.lr = 1e-3;
        train::train(*model, data.train, options);
    }
};

void robust(benchmark::State& state) {
    static const Trained trained;
    double fraction = 0;
    for (auto _ : state) {
        fraction =
            attack::robust_accuracy(*trained.model, trained.data.test, {}, {8.0 / 255}).front();
    }
    state.SetItemsProcessed(state.iterations() * trained.data.test.size());
    state.counters["robust"] = fraction;
}

BENCHMARK_CAPTURE(perturb, fgsm, {.method = "fgsm"})->UseRealTime()->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(perturb, pgd10, {.method = "pgd"})->UseRealTime()->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(perturb, pgdl2_10, {.method = "pgdl2"})
    ->UseRealTime()
    ->Unit(benchmark::kMillisecond);
BENCHMARK(robust)->Name("robust_pgd10")->UseRealTime()->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace hfc

BENCHMARK_MAIN();
