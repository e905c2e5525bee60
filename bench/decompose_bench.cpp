// Truncated SVD of images: the dominant and the trailing part of one rank, in images a second.
// Compare with `peer.py svd`.
#include "decompose/decompose.h"

#include <ATen/Functions.h>
#include <benchmark/benchmark.h>

namespace {

void svd(benchmark::State& state, int64_t size, int64_t batch, int64_t rank) {
    const auto images = at::rand({batch, 3, size, size});
    for (auto _ : state) {
        benchmark::DoNotOptimize(hfc::decompose::split(images, {rank}));
    }
    state.SetItemsProcessed(state.iterations() * batch);
}

}  // namespace

BENCHMARK_CAPTURE(svd, 32px, 32, 200, 8)->UseRealTime()->Unit(benchmark::kMillisecond);

BENCHMARK_MAIN();
