// The network and images of tests/fixtures/make_auto_attack.py.
#pragma once

#include "attack/support.h"
#include "tensor_file/tensor_file.h"

namespace hfc::test {

/// A tensor of attack/FILE.safetensors.
inline at::Tensor attack_fixture(const std::string& file, const std::string& name) {
    for (const auto& [key, tensor] :
         tensor_file::load(HFC_FIXTURES "/attack/" + file + ".safetensors")) {
        if (key == name) {
            return tensor;
        }
    }
    fail("the fixture has no '{}'", name);
}

inline at::Tensor auto_fixture(const std::string& name) {
    return attack_fixture("auto", name);
}

struct SmoothProblem {
    explicit SmoothProblem(int64_t size = 12) : images(formula_images(size, 3, 8)) {
        const auto values = [](int64_t count, uint64_t stream, double scale) {
            return ((formula_values(count, stream) - 0.5) * scale).to(at::kFloat);
        };
        const auto last = values(320, 902, 4).reshape({10, 32});
        model = std::make_shared<FunctionModel>(
            values(192 * 32, 901, 0.4).reshape({32, 192}),
            [last](const at::Tensor& first, const at::Tensor& x) {
                return at::linear(at::tanh(at::linear(x.flatten(1) - 0.5, first)), last);
            });
        noise = values(images.numel(), 903, 2).reshape(images.sizes());
        labels = predictions(*model, images);
    }

    data::Dataset dataset() const { return data::dataset_of(images, labels); }

    model::ModelPtr model;
    at::Tensor images;
    at::Tensor noise;  ///< in [-1,1]
    at::Tensor labels;
};

}  // namespace hfc::test
