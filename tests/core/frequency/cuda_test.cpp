#include "cuda.h"
#include "frequency/split.h"

#include <ATen/ATen.h>

namespace hfc::frequency {
namespace {

TEST(CudaFrequency, TheGpuGivesWhatTheCpuGives) {
    HFC_NEEDS_CUDA();
    const auto x = at::rand({4, 3, 33, 32});
    const auto on_cpu = hfc::frequency::split(x, {0.0, 4.0, 12.0});
    const auto on_gpu = hfc::frequency::split(x.to(parse_device("cuda")), {0.0, 4.0, 12.0});
    for (size_t i = 0; i < on_cpu.low.size(); ++i) {
        EXPECT_TRUE(on_gpu.low[i].is_cuda());
        EXPECT_TRUE(on_gpu.low[i].cpu().allclose(on_cpu.low[i], 0, 1e-5));
        EXPECT_TRUE(on_gpu.high[i].cpu().allclose(on_cpu.high[i], 0, 1e-5));
    }
}

}  // namespace
}  // namespace hfc::frequency
