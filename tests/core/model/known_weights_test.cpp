#include "model/known_weights.h"

#include "base/random.h"

#include <ATen/ATen.h>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <ostream>

namespace hfc::model {
namespace {

using testing::HasSubstr;

/// The state dict of a network with random statistics, as a training script would save it: under
/// `prefix`, with other tensors beside it, and without counters of batches.
tensor_file::NamedTensors saved(Model& network, const std::string& prefix) {
    auto generator = make_generator(3, "statistics");
    tensor_file::NamedTensors state = {{"best_prec1", at::zeros({})},
                                       {"optimizer.state.0.momentum_buffer", at::ones({3})}};
    const at::NoGradGuard no_grad;
    for (const auto& parameter : network.named_parameters()) {
        state.emplace_back(prefix + parameter.key(), parameter.value().detach());
    }
    for (const auto& buffer : network.named_buffers()) {
        if (buffer.value().is_floating_point()) {
            buffer.value().uniform_(.5, 1.5, generator);
            state.emplace_back(prefix + buffer.key(), buffer.value());
        }
    }
    return state;
}

struct WeightsCase {
    const char* name;
    const char* form;
    bool batch_norm;
    const char* prefix;
};

void PrintTo(const WeightsCase& tested, std::ostream* out) {
    *out << tested.name;
}

class KnownWeights : public testing::TestWithParam<WeightsCase> {};

TEST_P(KnownWeights, give_the_network_behind_its_normalisation) {
    const auto& [name, form, batch_norm, prefix] = GetParam();
    ModelOptions options;
    options.classes = 7;
    options.form = form;
    options.batch_norm = batch_norm;
    options.seed = 5;
    const auto network = make(name, options);
    const auto state = saved(*network, prefix);
    network->eval();
    const auto known = known_network(state);
    ASSERT_TRUE(known.has_value());
    EXPECT_THAT(
        known->about,
        HasSubstr(fmt::format(
            "{} for 7 classes; images are normalised with mean 0.485, 0.456, 0.406", name)));
    known->network->eval();
    const at::NoGradGuard no_grad;
    const auto images = at::rand({2, 3, 64, 64}, make_generator(1, "images"));
    const auto column = [](std::initializer_list<double> values) {
        return at::tensor(at::ArrayRef<double>(values), at::kFloat).reshape({1, 3, 1, 1});
    };
    const auto normalised = (images - column({.485, .456, .406})) / column({.229, .224, .225});
    EXPECT_TRUE(
        at::allclose(known->network->forward(images), network->forward(normalised), 1e-4, 1e-5));
}

INSTANTIATE_TEST_SUITE_P(Of, KnownWeights,
                         testing::Values(WeightsCase{"resnet20", "small", true,
                                                     "state_dict.module."},
                                         WeightsCase{"resnet32", "small", true, ""},
                                         WeightsCase{"resnet18", "torchvision", true, ""},
                                         WeightsCase{"resnet50", "torchvision", true, "model."},
                                         WeightsCase{"vgg11", "torchvision", true, "module."},
                                         WeightsCase{"alexnet", "torchvision", false, ""}),
                         [](const auto& tested) {
                             return std::string(tested.param.name) +
                                    (tested.param.batch_norm ? "_with_norms" : "");
                         });

TEST(UnknownWeights, give_nothing) {
    EXPECT_FALSE(known_network({}).has_value());
    EXPECT_FALSE(known_network({{"fc.bias", at::zeros({10})}}).has_value());
    EXPECT_FALSE(known_network({{"fc.bias", at::zeros({10, 2})}}).has_value());
    ModelOptions options;
    options.form = "torchvision";
    auto state = saved(*make("resnet18", options), "");
    state.back().second = at::zeros({1});
    std::string misfit;
    EXPECT_FALSE(known_network(state, &misfit).has_value());
    EXPECT_EQ(misfit,
              "compared with resnet18, the tensor 'layer4.1.bn2.running_var' has shape [1], "
              "expected [512]");
    state.pop_back();
    EXPECT_FALSE(known_network(state, &misfit).has_value());
    EXPECT_EQ(misfit, "compared with resnet18, the tensor 'layer4.1.bn2.running_var' is missing");
}

}  // namespace
}  // namespace hfc::model
