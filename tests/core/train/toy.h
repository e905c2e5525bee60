// Small data and networks whose answers are known.
#pragma once

#include "base/random.h"
#include "data/dataset.h"
#include "model/model.h"
#include "model/reference.h"

#include <ATen/ATen.h>

namespace hfc::test {

/// `count` images of 8x8: class 0 is dark, class 1 bright, class 2 bright above and dark below, all
/// with noise.
inline data::Dataset toy(int64_t count, uint64_t seed, int64_t channels = 3) {
    auto generator = make_generator(seed, "toy");
    const auto labels = at::arange(count).remainder(3);
    auto pixels = at::empty({count, channels, 8, 8}, at::kFloat).uniform_(0, 100, generator);
    pixels.slice(2, 0, 4).add_((labels.gt(0).to(at::kFloat) * 120).reshape({-1, 1, 1, 1}));
    pixels.slice(2, 4, 8).add_((labels.eq(1).to(at::kFloat) * 120).reshape({-1, 1, 1, 1}));
    auto images = std::make_shared<data::Images>();
    images->name = "toy";
    images->pixels = pixels.to(at::kByte);
    images->labels = labels.to(at::kLong);
    images->class_names = {"dark", "bright", "half"};
    return data::Dataset(images);
}

/// A network given as a function of weights and images; counts its passes and remembers the mode of
/// the last.
class FunctionModel : public model::Model {
  public:
    using Function = std::function<at::Tensor(const at::Tensor& weight, const at::Tensor& images)>;
    FunctionModel(at::Tensor weight, Function function)
        : weight_(register_parameter("weight", std::move(weight))),
          function_(std::move(function)) {}
    at::Tensor forward(const at::Tensor& images) override {
        ++passes;
        trained_last = is_training();
        return function_(weight_, images);
    }

    int64_t passes = 0;
    bool trained_last = false;

  private:
    at::Tensor weight_;
    Function function_;
};

/// Says class 0 for dark images, class 1 for bright ones: right for two thirds of toy().
inline std::shared_ptr<FunctionModel> brightness_model() {
    return std::make_shared<FunctionModel>(
        at::ones({1}), [](const at::Tensor& weight, const at::Tensor& images) {
            const auto brightness = images.mean({1, 2, 3}).sub(0.3).mul(weight);
            return at::stack({brightness.neg(), brightness, at::full_like(brightness, -1)}, 1);
        });
}

}  // namespace hfc::test
