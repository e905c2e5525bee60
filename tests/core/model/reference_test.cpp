// The networks against PyTorch's from the same weights.
#include "model/reference.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

namespace hfc::model {
namespace {

using test::distance;
using test::formula_images;
using test::reference;

struct Reference {
    const char* line;
    const char* name;
    ModelOptions options;
    int64_t count;
    int64_t size;
};

void PrintTo(const Reference& c, std::ostream* out) {
    *out << c.line;
}

class Logits : public testing::TestWithParam<Reference> {};

TEST_P(Logits, are_within_1e_4_of_pytorch_in_double_precision) {
    const auto& c = GetParam();
    auto model = make(c.name, c.options);
    test::set_formula_weights(*model);
    const EvaluationScope evaluation(*model);
    const auto images = formula_images(c.count, c.options.channels, c.size);
    EXPECT_LT(distance(model->forward(images), reference(c.line)), 1e-4);
    // The other layout, and the way without gradients, must give the same.
    use_channels_last(*model);
    const auto channels_last = images.contiguous(at::MemoryFormat::ChannelsLast);
    EXPECT_LT(distance(model->forward(channels_last), reference(c.line)), 1e-4);
    const at::NoGradGuard no_grad;
    EXPECT_LT(distance(model->forward(channels_last), reference(c.line)), 1e-4);
    EXPECT_LT(distance(model->forward(images), reference(c.line)), 1e-4);
}

INSTANTIATE_TEST_SUITE_P(
    Networks, Logits,
    testing::Values(
        Reference{"preact_resnet32", "preact_resnet32", {}, 4, 32},
        Reference{
            "preact_resnet32_batch_norm_eval", "preact_resnet32", {.batch_norm = true}, 4, 32},
        Reference{"preact_resnet20_grey", "preact_resnet20", {.classes = 7, .channels = 1}, 4, 28},
        Reference{"preact_resnet8", "preact_resnet8", {}, 4, 32},
        Reference{"resnet18", "resnet18", {}, 2, 32}, Reference{"resnet34", "resnet34", {}, 2, 32},
        Reference{"resnet50", "resnet50", {}, 2, 16},
        Reference{"resnet18_grey", "resnet18", {.channels = 1}, 2, 28},
        Reference{"vgg11", "vgg11", {}, 2, 32},
        Reference{"vgg11_grey", "vgg11", {.channels = 1}, 2, 28},
        Reference{"vgg16_batch_norm", "vgg16", {.batch_norm = true}, 2, 32},
        Reference{"alexnet", "alexnet", {}, 2, 32},
        Reference{"alexnet_grey", "alexnet", {.channels = 1}, 2, 28},
        Reference{"lenet", "lenet", {}, 2, 32},
        Reference{"lenet_grey", "lenet", {.channels = 1}, 2, 28},
        Reference{"resnet18_torchvision", "resnet18", {.form = "torchvision"}, 2, 64},
        Reference{"resnet50_torchvision", "resnet50", {.form = "torchvision"}, 2, 64},
        Reference{"alexnet_torchvision", "alexnet", {.form = "torchvision"}, 2, 224},
        Reference{"vgg11_torchvision", "vgg11", {.form = "torchvision"}, 2, 64}));

TEST(BatchNormTraining, normalises_by_the_batch_and_moves_the_running_statistics_as_pytorch_does) {
    auto model = make("preact_resnet32", {.batch_norm = true});
    test::set_formula_weights(*model);
    const auto logits = model->forward(formula_images(4, 3, 32));
    EXPECT_LT(distance(logits, reference("preact_resnet32_batch_norm_train")), 1e-4);
    const auto buffers = model->named_buffers();
    const auto running = at::cat(
        {buffers["bn0.running_mean"], buffers["bn0.running_var"], buffers["bn.running_var"]});
    EXPECT_LT(distance(running, reference("preact_resnet32_batch_norm_train_running")), 1e-4);
    EXPECT_EQ(buffers["bn0.num_batches_tracked"].item<int64_t>(), 1);
}

// Without gradients of the weights BatchNorm is folded into the convolutions: the same but for
// rounding, for the images' gradients too.
TEST(FoldedBatchNorm, gives_what_batch_norm_gives) {
    for (const auto* const name : {"preact_resnet8", "resnet18", "vgg11"}) {
        auto model = make(name, {.batch_norm = std::string_view(name) != "resnet18"});
        test::set_formula_weights(*model);
        model->to(at::kDouble);
        const EvaluationScope evaluation(*model);
        const auto seen = [&](bool weights_learn) {
            for (auto& parameter : model->parameters()) {
                parameter.set_requires_grad(weights_learn);
            }
            auto images = formula_images(3, 3, 32).to(at::kDouble).requires_grad_(true);
            const auto logits = model->forward(images);
            logits.square().sum().backward();
            return std::pair(logits.detach(), images.grad());
        };
        const auto [logits, gradient] = seen(true);
        const auto [folded_logits, folded_gradient] = seen(false);
        EXPECT_LT(distance(folded_logits, logits), 1e-11) << name;
        EXPECT_LT(distance(folded_gradient, gradient), 1e-11) << name;
        // Else nothing was folded.
        EXPECT_FALSE(at::equal(folded_logits, logits)) << name;
    }
}

TEST(Gradients, are_those_of_finite_differences) {
    auto model = make("preact_resnet8", {.channels = 1, .batch_norm = true});
    test::set_formula_weights(*model);
    model->to(at::kDouble);
    const EvaluationScope evaluation(*model);
    const auto images = formula_images(2, 1, 12).to(at::kDouble);
    const auto score = [&] { return model->forward(images).square().sum(); };
    score().backward();
    for (const auto* const name :
         {"conv0.weight", "blocks.1.conv1.weight", "blocks.2.bn2.bias", "fc.weight"}) {
        auto parameter = model->named_parameters()[name];
        auto entry = parameter.detach().flatten()[3];
        constexpr double h = 1e-6;
        const at::NoGradGuard no_grad;
        entry.add_(h);
        const auto above = score().item<double>();
        entry.sub_(2 * h);
        const auto below = score().item<double>();
        entry.add_(h);
        EXPECT_NEAR(parameter.grad().flatten()[3].item<double>(), (above - below) / (2 * h), 1e-4)
            << name;
    }
}

}  // namespace
}  // namespace hfc::model
