#include "cuda.h"
#include "mask/cuda_pair.h"
#include "sensitivity/scan.h"
#include "sensitivity/spectra.h"

namespace hfc::sensitivity {
namespace {

TEST(CudaSensitivity, MapsOverFrequenciesAreThoseOfTheCpu) {
    HFC_NEEDS_CUDA();
    const test::CudaPair pair;
    const auto apart = [](const at::Tensor& a, const at::Tensor& b) {
        return (a.cpu() - b.cpu()).abs().max().item<double>();
    };
    EXPECT_LE(apart(heat_map(*pair.cpu, pair.source, {.epsilon = 8}),
                    heat_map(*pair.gpu, pair.source, {.epsilon = 8})),
              1.0 / 24 + 1e-9)
        << "an image whose two classes are as likely may be told otherwise";
    EXPECT_LT(apart(dominant(*pair.cpu, pair.source), dominant(*pair.gpu, pair.source)), 1e-4);
    EXPECT_LT(
        apart(input_gradients(*pair.cpu, pair.source), input_gradients(*pair.gpu, pair.source)),
        1e-5);
}

}  // namespace
}  // namespace hfc::sensitivity
