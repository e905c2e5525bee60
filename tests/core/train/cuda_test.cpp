#include "cuda.h"
#include "data/source/synthetic.h"
#include "train/train.h"

namespace hfc::train {
namespace {

TEST(CudaTrain, LearnsOnTheGpuAndLeavesTheModelThere) {
    HFC_NEEDS_CUDA();
    const auto data = data::synthetic({.train = 100, .test = 50, .classes = 2, .noise = 0.1});
    const auto model = model::make("preact_resnet8", {.classes = 2});
    TrainOptions options;
    options.epochs = 6;
    options.batch_size = 10;
    options.optimizer.lr = 3e-3;
    options.probes = {{"test", data.test}, {"low", data.test.low_pass(4)}};
    options.device = parse_device("cuda");
    const auto history = hfc::train::train(*model, data.train, options);
    EXPECT_TRUE(model::device_of(*model).is_cuda());
    EXPECT_GT(history.back().accuracy[0].second, 0.8);
    EXPECT_NEAR(accuracy(*model, data.test), history.back().accuracy[0].second, 1e-9);
}

}  // namespace
}  // namespace hfc::train
