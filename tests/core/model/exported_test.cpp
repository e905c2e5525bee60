// Networks from files of torch.export against what PyTorch computed (tests/fixtures/
// make_exported.py).
#include "model/exported/exported_model.h"

#include "base/error.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace hfc::model {
namespace {

using Tensors = std::map<std::string, at::Tensor>;

std::string fixture(const std::string& name) {
    return HFC_FIXTURES "/exported/" + name;
}

/// Norm, sum and first values: what the fixtures hold of long tensors.
at::Tensor summary(const at::Tensor& tensor) {
    const auto flat = tensor.detach().to(at::kDouble).reshape(-1);
    return at::cat({flat.norm().view(1), flat.sum().view(1), flat.slice(0, 0, 6)});
}

double relative(const at::Tensor& got, const at::Tensor& expected) {
    const auto truth = expected.to(at::kDouble);
    return ((got.detach().to(at::kDouble) - truth).abs().max() / truth.abs().max().clamp_min(1e-6))
        .item<double>();
}

/// Of a summary: the sum may be small beside its summands.
double relative_summary(const at::Tensor& tensor, const at::Tensor& expected, double least = 1e-3) {
    const auto difference = (summary(tensor) - expected).abs().max().item<double>();
    const auto norm = std::max(expected[0].item<double>(), least);
    return difference / (norm * std::sqrt(static_cast<double>(tensor.numel())));
}

/// The norm of all weights' gradients. A gradient that is zero but for rounding (of a bias before
/// another norm) is measured by it in float32.
double gradient_norm(const Tensors& truth, int count) {
    double sum = 0;
    for (const auto& [name, value] : truth) {
        sum += name.starts_with(fmt::format("g.{}.", count)) ? std::pow(value[0].item<double>(), 2)
                                                             : 0;
    }
    return std::sqrt(sum);
}

struct Case {
    std::string file;
    at::ScalarType type;
};

void PrintTo(const Case& c, std::ostream* out) {
    *out << c.file;
}

std::string name_of(const testing::TestParamInfo<Case>& info) {
    return info.param.file + (info.param.type == at::kDouble ? "_double" : "_float");
}

std::vector<Case> cases() {
    std::vector<Case> all;
    for (const auto* const network : {"resnet", "convnext", "mobilenet_v3", "efficientnet", "vit",
                                      "swin", "densenet", "timm_resnetv2"}) {
        for (const auto* const mode : {"_eval", "_train"}) {
            all.push_back({std::string(network) + mode, at::kFloat});
            all.push_back({std::string(network) + mode, at::kDouble});
        }
    }
    return all;
}

class Exported : public testing::TestWithParam<Case> {
  protected:
    void SetUp() override {
        model = load_exported(fixture(GetParam().file + ".pt2"));
        model->to(GetParam().type);
        const auto loaded = tensor_file::load(fixture(GetParam().file + ".safetensors"));
        truth.insert(loaded.begin(), loaded.end());
        tolerance = GetParam().type == at::kDouble ? 1e-12 : 1e-5;
    }
    at::Tensor images(int count) const {
        return (truth.at(fmt::format("x.{}", count)).to(GetParam().type) / 256)
            .requires_grad_(true);
    }

    std::shared_ptr<ExportedModel> model;
    Tensors truth;
    double tolerance = 0;
};

TEST_P(Exported, gives_the_logits_and_gradients_of_pytorch) {
    for (const int count : {1, 2, 7}) {
        const auto fresh = model->copy();
        const auto x = images(count);
        const auto logits = fresh->forward(x);
        EXPECT_LT(relative(logits, truth.at(fmt::format("y.{}", count))), tolerance) << count;
        (logits * truth.at(fmt::format("w.{}", count))).sum().backward();
        const auto& gradient = truth.at(fmt::format("gx.{}", count));
        EXPECT_LT(count == 1 ? relative(x.grad(), gradient) : relative_summary(x.grad(), gradient),
                  tolerance)
            << count;
        for (const auto& parameter : fresh->named_parameters()) {
            const auto& expected = truth.at(fmt::format("g.{}.{}", count, parameter.key()));
            const double least = GetParam().type == at::kFloat ? gradient_norm(truth, count) : 1e-3;
            EXPECT_LT(relative_summary(parameter.value().grad(), expected, least), tolerance)
                << count << " " << parameter.key();
        }
    }
}

TEST_P(Exported, takes_a_step_of_sgd_as_in_pytorch) {
    const auto x = images(7);
    (model->forward(x) * truth.at("w.7")).sum().backward();
    {
        const at::NoGradGuard no_grad;
        for (auto& parameter : model->parameters()) {
            parameter.sub_(.01 * parameter.grad());
        }
    }
    size_t states = 0;
    for (const auto& [key, expected] : truth) {
        states += key.starts_with("s.") ? 1 : 0;
    }
    EXPECT_EQ(states, model->parameters().size() + model->buffers().size());
    for (const auto& parameter : model->named_parameters()) {
        EXPECT_LT(relative_summary(parameter.value(), truth.at("s." + parameter.key())), tolerance)
            << parameter.key();
    }
    for (const auto& buffer : model->named_buffers()) {
        EXPECT_LT(relative_summary(buffer.value(), truth.at("s." + buffer.key())), tolerance)
            << buffer.key();
    }
    const at::NoGradGuard no_grad;
    EXPECT_LT(relative(model->forward(x), truth.at("z")), tolerance * 10);
}

INSTANTIATE_TEST_SUITE_P(Networks, Exported, testing::ValuesIn(cases()), name_of);

}  // namespace
}  // namespace hfc::model
