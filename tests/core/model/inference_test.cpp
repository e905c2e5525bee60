#include "model/inference.h"

#include "base/error.h"
#include "model/measure.h"
#include "model/reference.h"
#include "train/toy.h"

#include <ATen/core/grad_mode.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

namespace hfc::model {
namespace {

using test::distance;
using test::error_of;
using test::reference;
using test::toy;
using testing::AllOf;
using testing::HasSubstr;

ModelPtr network() {
    auto model = make("preact_resnet8", {.batch_norm = true});
    test::set_formula_weights(*model);
    return model;
}

std::map<std::string, at::Tensor> buffers_of(const Model& model) {
    std::map<std::string, at::Tensor> copies;
    for (const auto& entry : model.named_buffers()) {
        copies[entry.key()] = entry.value().clone();
    }
    return copies;
}

void expect_as_before(const Model& model, const std::map<std::string, at::Tensor>& before) {
    for (const auto& [name, buffer] : buffers_of(model)) {
        EXPECT_TRUE(at::equal(buffer, before.at(name))) << name;
    }
    for (const auto& module : model.modules()) {
        EXPECT_TRUE(module->is_training());
    }
    for (const auto& parameter : model.parameters()) {
        EXPECT_TRUE(parameter.requires_grad());
    }
}

Statistics adapted(int64_t images, double source_weight) {
    return {Statistics::Kind::adapted, images, source_weight};
}

at::Tensor logits_with(Model& model, const Statistics& statistics) {
    const auto dataset = data::dataset_of(test::formula_images(12, 3, 32));
    return logits(model, dataset, {{.statistics = statistics, .batch_size = 8}});
}

TEST(Statistics, of_a_batch_and_adapted_to_images_give_the_logits_of_pytorch) {
    auto model = network();
    const auto before = buffers_of(*model);
    EXPECT_LT(
        distance(logits_with(*model, {Statistics::Kind::batch}), reference("statistics_batch")),
        1e-4);
    expect_as_before(*model, before);
    for (const int weight : {0, 16}) {
        EXPECT_LT(distance(logits_with(*model, adapted(5, weight)),
                           reference("statistics_adapted_" + std::to_string(weight))),
                  1e-4);
        expect_as_before(*model, before);
    }
    EXPECT_LT(distance(logits_with(*model, adapted(5, 1e12)), logits_with(*model, {})), 1e-5)
        << "all weight on the running statistics";
}

TEST(Statistics, out_of_range_are_refused) {
    auto model = network();
    EXPECT_THAT(error_of([&] { logits_with(*model, adapted(0, 1)); }),
                HasSubstr("'images' must be at least 1, got 0"));
    EXPECT_THAT(error_of([&] { logits_with(*model, adapted(13, 1)); }),
                HasSubstr("'images' must be between 1 and 12 (the size of 'images'), got 13"));
    EXPECT_THAT(error_of([&] { logits_with(*model, adapted(1, -1)); }),
                HasSubstr("source_weight must be a finite number >= 0, got -1"));
}

TEST(Inference, puts_everything_back_after_an_exception) {
    auto model = network();
    const auto before = buffers_of(*model);
    for (const auto& statistics : {Statistics{}, Statistics{Statistics::Kind::batch}}) {
        EXPECT_THROW(
            {
                Inference inference(*model, {.statistics = statistics});
                EXPECT_FALSE(model->is_training());
                inference.logits(at::rand({4, 3, 32, 32}));
                inference.logits(at::rand({4, 5, 32, 32}));
            },
            Error);
        expect_as_before(*model, before);
    }
}

TEST(Inference, allows_tf32_for_its_life_alone) {
    auto model = network();
    auto& context = at::globalContext();
    const bool products = context.allowTF32CuBLAS(), convolutions = context.allowTF32CuDNN();
    for (const bool first : {false, true}) {
        for (const bool second : {false, true}) {
            context.setAllowTF32CuBLAS(first);
            context.setAllowTF32CuDNN(second);
            {
                const Inference inference(*model, {.tf32 = false});
                EXPECT_EQ(context.allowTF32CuBLAS(), first) << "the script's choice";
                EXPECT_EQ(context.allowTF32CuDNN(), second);
            }
            EXPECT_THROW(
                {
                    Inference inference(*model, {.tf32 = true});
                    EXPECT_TRUE(context.allowTF32CuBLAS());
                    EXPECT_TRUE(context.allowTF32CuDNN());
                    inference.logits(at::rand({4, 5, 32, 32}));
                },
                Error);
            EXPECT_THROW(Inference(*model, {.tf32 = true, .batch_size = 0}), Error);
            EXPECT_EQ(context.allowTF32CuBLAS(), first);
            EXPECT_EQ(context.allowTF32CuDNN(), second);
        }
    }
    context.setFloat32MatmulPrecision("medium");
    { const Inference inference(*model, {.tf32 = true}); }
    EXPECT_EQ(context.float32MatmulPrecision(), at::Float32MatmulPrecision::MEDIUM);
    context.setAllowTF32CuBLAS(products);
    context.setAllowTF32CuDNN(convolutions);
    EXPECT_THAT(error_of([&] { Inference(*model, {.bfloat16 = true, .tf32 = true}); }),
                HasSubstr("bfloat16 and tf32 are mutually exclusive"));
}

TEST(Inference, counts_what_is_not_finite_and_says_so_when_asked) {
    test::FunctionModel model(at::ones({1}), [](const at::Tensor&, const at::Tensor& images) {
        auto logits = images.mean({2, 3});
        logits[0][1] = std::nan("");
        return logits;
    });
    const auto data = toy(10, 1);
    const auto message = "NaN or infinite for 2 of 10 images of 'toy'";
    const MeasureOptions options{{.batch_size = 5}};
    EXPECT_THAT(error_of([&] { accuracy(model, data, options); }), HasSubstr(message));
    EXPECT_THAT(error_of([&] { logits(model, data, options); }), HasSubstr(message));
    EXPECT_THAT(error_of([&] { predict(model, data, options); }), HasSubstr(message));
    Inference inference(model);
    EXPECT_EQ(error_of([&] { inference.require_finite(); }), "");
}

TEST(Inference, gives_gradients_of_the_images_alone) {
    auto model = network();
    const Inference inference(*model);
    const auto images = at::rand({2, 3, 32, 32}).requires_grad_(true);
    inference.differentiable_logits(images).sum().backward();
    EXPECT_TRUE(images.grad().defined());
    for (const auto& parameter : model->parameters()) {
        EXPECT_FALSE(parameter.grad().defined());
    }
    test::FunctionModel constant(at::ones({1}), [](const at::Tensor&, const at::Tensor& x) {
        return at::zeros({x.size(0), 3});
    });
    const Inference of_constant(constant);
    EXPECT_THAT(error_of([&] { of_constant.differentiable_logits(images); }),
                HasSubstr("have no gradient with respect to the images"));
}

TEST(Inference, refuses_a_batch_size_below_one_and_labels_below_zero) {
    auto model = network();
    EXPECT_THAT(error_of([&] { Inference inference(*model, {.batch_size = 0}); }),
                HasSubstr("batch size must be at least 1, got 0"));
    Inference inference(*model);
    EXPECT_THAT(error_of([&] {
                    inference.expect_labels(at::tensor({0, -2}, at::kLong));
                }),
                HasSubstr("labels must be >= 0, got -2"));
    inference.expect_labels(at::tensor({0, 10}, at::kLong), "ten");
    EXPECT_THAT(error_of([&] {
                    inference.logits(at::rand({2, 3, 32, 32}));
                }),
                AllOf(HasSubstr("labels of 'ten' must be between 0 and 9"), HasSubstr("got 10")));
}

}  // namespace
}  // namespace hfc::model
