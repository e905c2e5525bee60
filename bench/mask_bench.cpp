// Fourier masks and heat maps of the paper's network on 3x32x32 images.
//   image_masks/NETWORK  masks of 100 images learned together: Adam steps a second, counted
//                        separately for each image, including the clean pass; compare with
//                        mask_peer.py, which learns the masks one image at a time
//                        NETWORK_bfloat16: the same with the network's passes in bfloat16
//   heat_map/32px        network passes a second for a Fourier heat map of 1000 images; one pass
//                        covers a frequency and its negative
//   heat_map_forward     forward passes alone, in images a second
#include "mask/learn.h"
#include "sensitivity/scan.h"

#include <ATen/Functions.h>
#include <ATen/core/grad_mode.h>
#include <benchmark/benchmark.h>

namespace hfc {
namespace {

constexpr int64_t image_count = 100, steps = 10;

data::Dataset source_of(int64_t count) {
    return data::dataset_of(at::rand({count, 3, 32, 32}), at::randint(10, {count}, at::kLong));
}

void image_masks(benchmark::State& state, const std::string& name, bool batch_norm,
                 bool bfloat16 = false) {
    const auto model = model::make(name, {.batch_norm = batch_norm});
    const auto source = source_of(image_count);
    mask::LearnOptions options{
        .scope = mask::Scope::image, .steps = steps, .patience = steps + 1, .bfloat16 = bfloat16};
    for (auto _ : state) {
        benchmark::DoNotOptimize(mask::learn(*model, source, options));
    }
    state.SetItemsProcessed(state.iterations() * steps * image_count);
}

void heat_map(benchmark::State& state) {
    constexpr int64_t reach = 1, side = 2 * reach + 1, passes = (side * side + 1) / 2;
    const auto model = model::make("preact_resnet32");
    const auto source = source_of(1000);
    sensitivity::HeatMapOptions options;
    options.scan.reach = reach;
    for (auto _ : state) {
        benchmark::DoNotOptimize(sensitivity::heat_map(*model, source, options));
    }
    state.SetItemsProcessed(state.iterations() * source.size() * passes);
}

void heat_map_forward(benchmark::State& state) {
    const auto model = model::make("preact_resnet32");
    model->eval();
    const auto images =
        at::rand({image_count, 3, 32, 32}).contiguous(at::MemoryFormat::ChannelsLast);
    const at::NoGradGuard no_grad;
    for (auto _ : state) {
        benchmark::DoNotOptimize(model->forward(images));
    }
    state.SetItemsProcessed(state.iterations() * image_count);
}

BENCHMARK_CAPTURE(image_masks, preact_resnet32, "preact_resnet32", false)
    ->UseRealTime()
    ->Unit(benchmark::kMillisecond)
    ->Iterations(3);
BENCHMARK_CAPTURE(image_masks, preact_resnet20_bn, "preact_resnet20", true)
    ->UseRealTime()
    ->Unit(benchmark::kMillisecond)
    ->Iterations(3);
BENCHMARK_CAPTURE(image_masks, preact_resnet8_bn, "preact_resnet8", true)
    ->UseRealTime()
    ->Unit(benchmark::kMillisecond)
    ->Iterations(3);
BENCHMARK_CAPTURE(image_masks, preact_resnet20_bn_bfloat16, "preact_resnet20", true, true)
    ->UseRealTime()
    ->Unit(benchmark::kMillisecond)
    ->Iterations(3);
BENCHMARK_CAPTURE(image_masks, preact_resnet32_bfloat16, "preact_resnet32", false, true)
    ->UseRealTime()
    ->Unit(benchmark::kMillisecond)
    ->Iterations(3);
BENCHMARK(heat_map)
    ->Name("heat_map/32px")
    ->UseRealTime()
    ->Unit(benchmark::kMillisecond)
    ->Iterations(1);
BENCHMARK(heat_map_forward)->UseRealTime()->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace hfc

BENCHMARK_MAIN();
