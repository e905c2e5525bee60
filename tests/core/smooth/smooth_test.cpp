#include "smooth/smooth.h"

#include "base/file.h"
#include "frequency/split.h"
#include "model/reference.h"

#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace hfc::smooth {
namespace {

using test::distance;
using test::error_of;
using testing::ElementsAre;
using testing::HasSubstr;

nlohmann::json fixture(const std::string& name) {
    return nlohmann::json::parse(read_file(HFC_FIXTURES "/smooth/reference.json"))[name];
}

at::Tensor tensor_of(const nlohmann::json& record, const std::string& key) {
    return at::tensor(record[key].get<std::vector<double>>(), at::kDouble)
        .reshape(record["shape"].get<std::vector<int64_t>>());
}

class Dense : public model::Model {
  public:
    Dense() { register_parameter("weight", at::ones({10, 3})); }
    at::Tensor forward(const at::Tensor& images) override { return images; }
};

TEST(Equation3, equals_scipy_for_any_size) {
    for (const auto& record : fixture("equation_3")) {
        const auto kernel = tensor_of(record, "kernel");
        const auto rho = record["rho"].get<double>();
        EXPECT_LT(distance(smooth_kernel(kernel, rho), tensor_of(record, "smoothed")), 1e-12)
            << record["shape"] << rho;
        const auto many = kernel.to(at::kFloat).expand({4, 2, -1, -1});
        const auto smoothed = smooth_kernel(many, rho);
        EXPECT_EQ(smoothed.scalar_type(), at::kFloat);
        EXPECT_LT(distance(smoothed, tensor_of(record, "smoothed").expand({4, 2, -1, -1})), 1e-5);
    }
}

TEST(Equation3, adds_the_eight_neighbours_with_borders_duplicated) {
    auto kernel = at::zeros({3, 3});
    kernel[0][0].fill_(1);
    // The corner is its own neighbour three times: beyond its two borders and beyond the corner.
    EXPECT_LT(distance(smooth_kernel(kernel, 0.5),
                       at::tensor({2.5, 1.0, 0.0, 1.0, 0.5, 0.0, 0.0, 0.0, 0.0})),
              1e-6);
    EXPECT_LT(distance(smooth_kernel(at::ones({5, 5}), 1), at::full({5, 5}, 9.0)), 1e-6);
}

TEST(Gaussian, equals_the_definition_of_opencv) {
    for (const auto& record : fixture("gaussian")) {
        const auto smoothed =
            gaussian_kernel(tensor_of(record, "kernel"), record["sigma"], record["size"]);
        EXPECT_LT(distance(smoothed, tensor_of(record, "smoothed")), 1e-12) << record["sigma"];
    }
    EXPECT_LT(distance(gaussian_kernel(at::ones({4, 4}), 2, 0), at::ones({4, 4})), 1e-6)
        << "the sum stays";
}

TEST(Smooth, changes_the_first_convolution_alone) {
    const auto model = model::make("preact_resnet8");
    model::use_channels_last(*model);
    const auto original = model->copy();
    const auto weight = model->named_parameters()["conv0.weight"];
    EXPECT_THAT(smooth(*model, 0.25), ElementsAre("conv0.weight"));
    const auto before = original->named_parameters();
    for (const auto& entry : model->named_parameters()) {
        const auto expected = entry.key() == "conv0.weight"
                                  ? smooth_kernel(before[entry.key()], 0.25)
                                  : before[entry.key()];
        EXPECT_TRUE(at::equal(entry.value(), expected)) << entry.key();
        EXPECT_TRUE(entry.value().requires_grad());
    }
    EXPECT_TRUE(weight.is_same(model->named_parameters()["conv0.weight"]));
    EXPECT_TRUE(weight.is_contiguous(at::MemoryFormat::ChannelsLast));
}

TEST(Smooth, changes_what_is_named) {
    const auto model = model::make("preact_resnet8");
    const auto before = model->copy()->named_parameters();
    EXPECT_THAT(smooth_gaussian(*model, 1, 3, {"blocks.1.conv2", "conv0.weight"}),
                ElementsAre("blocks.1.conv2.weight", "conv0.weight"));
    for (const auto& entry : model->named_parameters()) {
        const bool named = entry.key() == "blocks.1.conv2.weight" || entry.key() == "conv0.weight";
        const auto expected = named ? gaussian_kernel(before[entry.key()], 1) : before[entry.key()];
        EXPECT_TRUE(at::equal(entry.value(), expected)) << entry.key();
    }
}

TEST(Smooth, says_what_is_wrong_and_then_changes_nothing) {
    const auto model = model::make("preact_resnet8");
    const auto before = model->named_parameters()["conv0.weight"].clone();
    EXPECT_THAT(error_of([&] { smooth(*std::make_shared<Dense>(), 1); }),
                HasSubstr("the model has no convolution"));
    EXPECT_THAT(
        error_of([&] {
            smooth(*model, 1, {"conv0", "fc"});
        }),
        testing::AllOf(HasSubstr("'fc' is not a convolution in the model"),
                       HasSubstr("its convolutions are conv0.weight, blocks.0.conv1.weight")));
    EXPECT_THAT(error_of([&] {
                    smooth(*model, 1, {"conv0", "conv0.weight"});
                }),
                HasSubstr("listed twice"));
    EXPECT_THAT(error_of([&] { smooth(*model, -0.1); }),
                HasSubstr("rho must be a finite number >= 0, got -0.1"));
    EXPECT_THAT(error_of([&] { smooth(*model, std::nan("")); }), HasSubstr("got nan"));
    EXPECT_THAT(error_of([&] { smooth_gaussian(*model, 0); }),
                HasSubstr("sigma must be a number above 0 and at most 1000, got 0"));
    EXPECT_THAT(error_of([&] { smooth_gaussian(*model, 1, 4); }), HasSubstr("size must be odd"));
    EXPECT_THAT(error_of([] { smooth_kernel(at::ones({3}), 1); }),
                HasSubstr("[..., height, width], got float32 [3]"));
    EXPECT_THAT(error_of([] {
                    smooth_kernel(at::ones({3, 3}, at::kLong), 1);
                }),
                HasSubstr("got int64 [3, 3]"));
    EXPECT_THAT(error_of([] { roughness(at::Tensor()); }), HasSubstr("got nothing"));
    EXPECT_TRUE(at::equal(before, model->named_parameters()["conv0.weight"]));
}

TEST(Roughness, is_the_energy_of_adjacent_differences) {
    const auto kernel = at::tensor({1.0, 2.0, 4.0, 0.0, 0.0, 3.0}, at::kDouble).reshape({2, 3});
    // Across 1 + 4 + 0 + 9, down 1 + 4 + 1.
    EXPECT_DOUBLE_EQ(roughness(kernel, false).item<double>(), 20);
    EXPECT_DOUBLE_EQ(roughness(kernel).item<double>(), 20.0 / 30);
    EXPECT_EQ(roughness(at::zeros({4, 2, 3, 3})).sizes(), at::IntArrayRef({4, 2}));
    EXPECT_EQ(roughness(at::zeros({3, 3})).item<double>(), 0);
    EXPECT_EQ(roughness(at::full({1, 1}, 5.0)).item<double>(), 0);
}

TEST(Roughness, falls_as_rho_rises_and_high_frequencies_with_it) {
    const auto kernels = test::formula_values(100 * 25, 9).reshape({100, 5, 5}) - 0.5;
    const auto high = 1 - frequency::radial_mask(16, 16, 6);
    const auto share_of_high = [&](const at::Tensor& kernel) {
        const auto energy = frequency_response(kernel, 16).square();
        return ((energy * high).sum() / energy.sum()).item<double>();
    };
    const auto share = share_of_high(kernels);
    auto last = roughness(kernels).mean().item<double>();
    for (const double rho : {0.1, 0.25, 0.5, 1.0}) {
        const auto smoothed = smooth_kernel(kernels, rho);
        const auto now = roughness(smoothed).mean().item<double>();
        EXPECT_LT(now, last);
        // Not lower with each rho: the filter's gain at (pi, 0) is 1 - 4 rho, which is 0 at 0.25
        // and -3 at 1.
        EXPECT_LT(share_of_high(smoothed), 0.75 * share);
        last = now;
    }
}

TEST(FrequencyResponse, is_the_gain_of_each_frequency) {
    EXPECT_LT(distance(frequency_response(at::ones({1, 1}), 4), at::ones({4, 4})), 1e-12);
    const auto difference = frequency_response(at::tensor({1.0, -1.0}).reshape({1, 2}), 8);
    EXPECT_NEAR(difference[0][0].item<double>(), 0, 1e-12);
    EXPECT_NEAR(difference[3][4].item<double>(), 2, 1e-12) << "the highest frequency across";
    EXPECT_EQ(frequency_response(at::ones({2, 3, 5, 5}), 32).sizes(),
              at::IntArrayRef({2, 3, 32, 32}));
    EXPECT_THAT(
        error_of([] {
            frequency_response(at::ones({5, 3}), 4);
        }),
        HasSubstr("size must be at least the kernel's size (5 x 3) and at most 65536, got 4"));
}

}  // namespace
}  // namespace hfc::smooth
