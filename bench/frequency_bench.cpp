// The frequency split: low and high parts for four radii. Each call allocates its outputs, as in a
// user's script. items_per_second is images per second.
#include "frequency/split.h"

#include <ATen/ATen.h>
#include <benchmark/benchmark.h>

namespace {

void split(benchmark::State& state, int64_t size, int64_t batch, const std::vector<double>& radii) {
    const auto images = at::rand({batch, 3, size, size});
    for (auto _ : state) {
        benchmark::DoNotOptimize(
            hfc::frequency::split(images, radii, {.rule = hfc::frequency::Rule::exclusive}));
    }
    state.SetItemsProcessed(state.iterations() * batch);
}

}  // namespace

BENCHMARK_CAPTURE(split, 32px, 32, 1000, {4, 8, 12, 16})
    ->UseRealTime()
    ->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(split, 224px, 224, 32, {25, 50, 100, 150})
    ->UseRealTime()
    ->Unit(benchmark::kMillisecond);

BENCHMARK_MAIN();
