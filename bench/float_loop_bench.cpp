// The loop of bench/lua_bench.lua over a million floats, in C++ at -O2: floats a second.
#include <benchmark/benchmark.h>

#include <vector>

namespace {

double sum(const float* p, long count) {
    double total = 0;
    for (long i = 0; i < count; ++i) {
        total += p[i] * 0.5;
    }
    return total;
}

void float_loop(benchmark::State& state) {
    const std::vector<float> values(1'000'000, 0.25F);
    for (auto _ : state) {
        benchmark::DoNotOptimize(sum(values.data(), static_cast<long>(values.size())));
    }
    state.SetItemsProcessed(state.iterations() * static_cast<int64_t>(values.size()));
}
BENCHMARK(float_loop)->UseRealTime();

}  // namespace

BENCHMARK_MAIN();
