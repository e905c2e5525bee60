// Networks and images for the tests of attacks.
#pragma once

#include "attack/attack.h"
#include "train/toy.h"

#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace hfc::test {

/// A method with fewer steps than its default, where that takes many.
inline attack::AttackOptions few_steps(const std::string& method) {
    attack::AttackOptions options;
    options.method = method;
    if (method == "square") {
        options.numbers["queries"] = 30;
    } else if (method == "cw") {
        options.steps = 10;
        options.numbers["searches"] = 2;
    } else if (method == "apgd" || method == "fab") {
        options.steps = 10;
    }
    return options;
}

/// All that an attack must leave alone, to be compared.
struct Untouched {
    explicit Untouched(const model::Model& model) {
        for (const auto& parameter : model.parameters()) {
            values.push_back(parameter.detach().clone());
            requires_grad.push_back(parameter.requires_grad());
            gradients.push_back(parameter.grad().defined() ? parameter.grad().clone()
                                                           : at::Tensor());
        }
        for (const auto& buffer : model.buffers()) {
            values.push_back(buffer.clone());
        }
        for (const auto& part : model.modules()) {
            training.push_back(part->is_training());
        }
    }

    void expect_same(const Untouched& other) const {
        EXPECT_EQ(requires_grad, other.requires_grad);
        EXPECT_EQ(training, other.training);
        for (size_t i = 0; i < values.size(); ++i) {
            EXPECT_TRUE(at::equal(values[i], other.values[i]));
        }
        for (size_t i = 0; i < gradients.size(); ++i) {
            EXPECT_EQ(gradients[i].defined(), other.gradients[i].defined());
            if (gradients[i].defined() && other.gradients[i].defined()) {
                EXPECT_TRUE(at::equal(gradients[i], other.gradients[i]));
            }
        }
    }

    std::vector<at::Tensor> values;
    std::vector<at::Tensor> gradients;
    std::vector<bool> requires_grad;
    std::vector<bool> training;
};

/// A small network with BatchNorm, formula weights, gradients and a frozen weight.
inline model::ModelPtr used_model() {
    auto model = model::make("preact_resnet8", {.batch_norm = true});
    set_formula_weights(*model);
    auto parameters = model->parameters();
    for (auto& parameter : parameters) {
        parameter.mutable_grad() = at::ones_like(parameter);
    }
    parameters[0].requires_grad_(false);
    parameters[0].mutable_grad() = at::Tensor();
    return model;
}

/// Random weights for 10 classes of [3, 8, 8] images.
inline std::shared_ptr<FunctionModel> linear_model() {
    return std::make_shared<FunctionModel>(
        formula_values(1920, 77).to(at::kFloat).reshape({10, 192}) - 0.5,
        [](const at::Tensor& weight, const at::Tensor& images) {
            return at::linear(images.flatten(1), weight);
        });
}

inline at::Tensor predictions(model::Model& model, const at::Tensor& images) {
    return model.forward(images).argmax(1);
}

/// The largest |x' - x|, exactly.
inline double largest_change(const at::Tensor& adversarial, const at::Tensor& images) {
    return (adversarial.to(at::kDouble) - images.to(at::kDouble)).abs().max().item<double>();
}

}  // namespace hfc::test
