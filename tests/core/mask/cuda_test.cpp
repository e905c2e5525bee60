#include "cuda.h"
#include "mask/cuda_pair.h"
#include "mask/evaluate.h"
#include "mask/learn.h"

namespace hfc::mask {
namespace {

TEST(CudaMask, MasksAreThoseOfTheCpu) {
    HFC_NEEDS_CUDA();
    const test::CudaPair pair;
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
    const test::CudaPair pair;
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

}  // namespace
}  // namespace hfc::mask
