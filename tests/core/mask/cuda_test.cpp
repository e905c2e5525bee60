#include "cuda.h"
#include "mask/evaluate.h"
#include "mask/learn.h"
#include "mask/networks.h"
#include "mask/scan.h"
#include "mask/spectra.h"

namespace hfc::mask {
namespace {

/// What is computed on the CPU and on the GPU, by networks with the same weights.
struct Pair {
    Pair() { gpu->to(parse_device("cuda")); }
    model::ModelPtr cpu = test::band_model(), gpu = test::band_model();
    std::pair<at::Tensor, at::Tensor> sample = test::band_images(24, 3);
    data::Dataset source = data::dataset_of(sample.first, sample.second);
};

TEST(CudaMask, MasksAreThoseOfTheCpu) {
    HFC_NEEDS_CUDA();
    const Pair pair;
    LearnOptions options{.lambda = 1, .lr = 0.05, .epochs = 30};
    for (const auto loss : {Loss::invariance, Loss::cross_entropy}) {
        for (const auto scope : {Scope::data_set, Scope::class_of_images, Scope::image}) {
            options.loss = loss;
            options.scope = scope;
            options.steps = 30;
            const auto here = learn(*pair.cpu, pair.source, options),
                       there = learn(*pair.gpu, pair.source, options);
            EXPECT_TRUE(there.masks.is_cpu());
            EXPECT_LT((here.masks - there.masks).abs().max().item<double>(), 1e-3);
            EXPECT_NEAR(masked_accuracy(*pair.cpu, pair.source, here.masks[0]),
                        masked_accuracy(*pair.gpu, pair.source, here.masks[0]), 1e-9);
        }
    }
}

TEST(CudaMask, MasksInBfloat16FindTheBand) {
    HFC_NEEDS_CUDA();
    const Pair pair;
    const auto band = test::band_mask();
    const auto masks = learn(*pair.gpu, pair.source,
                             {.scope = Scope::image,
                              .loss = Loss::cross_entropy,
                              .lambda = 1,
                              .lr = 0.05,
                              .steps = 60,
                              .bfloat16 = true})
                           .masks;
    EXPECT_GE((masks * band).sum().item<double>() / masks.sum().item<double>(), 0.9);
}

TEST(CudaMask, MapsOverFrequenciesAreThoseOfTheCpu) {
    HFC_NEEDS_CUDA();
    const Pair pair;
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
}  // namespace hfc::mask
