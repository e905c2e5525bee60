#include "model/resnet_layers.h"

#include <ATen/ATen.h>

namespace hfc::model {
namespace {

std::shared_ptr<Convolution> convolution_of(int64_t in_width, int64_t out_width, int64_t kernel,
                                            int64_t stride, const ResNetSettings& settings) {
    return std::make_shared<Convolution>(
        in_width, out_width, kernel,
        Convolution::Settings{.stride = stride, .padding = {}, .bias = !settings.has_norms});
}

/// Computes relu(shortcut(x) + bn(conv(... relu(bn(conv(x)))))) with two 3x3 convolutions, or with
/// 1x1, 3x3 and 1x1 convolutions to four times the width (a bottleneck). The stride is in the first
/// 3x3 convolution, as in torchvision. If the width or size changes, the shortcut has a 1x1
/// convolution and BatchNorm.
class ResidualBlock : public Layer {
  public:
    ResidualBlock(int64_t in_width, int64_t width, int64_t stride, const ResNetSettings& settings)
        : settings_(settings) {
        const bool bottleneck = settings.bottleneck;
        const int64_t out_width = bottleneck ? 4 * width : width;
        if (bottleneck) {
            append(in_width, width, 1, 1);
            append(width, width, 3, stride);
            append(width, out_width, 1, 1);
        } else {
            append(in_width, width, 3, stride);
            append(width, width, 3, 1);
        }
        if (stride != 1 || in_width != out_width) {
            downsample_ = register_module("downsample", std::make_shared<Sequence>());
            if (settings.has_norms) {
                downsample_->append_convolution_and_norm(in_width, out_width, 1,
                                                         {.stride = stride, .padding = {}},
                                                         settings.epsilon, settings.norm);
            } else {
                downsample_->append<Convolution>(
                    in_width, out_width, 1,
                    Convolution::Settings{.stride = stride, .padding = {}, .bias = true});
            }
        }
    }

    at::Tensor forward(const at::Tensor& x) {
        auto out = x;
        for (size_t i = 0; i < convolutions_.size(); ++i) {
            // The activation of the last pair comes after the sum.
            out = convolve(*convolutions_[i], batch_norms_[i].get(), i == 0 ? out : out.relu_());
        }
        return observed(out.add_(downsample_ ? downsample_->forward(x) : x).relu_());
    }

  private:
    ResNetSettings settings_;

    void append(int64_t in_width, int64_t out_width, int64_t kernel, int64_t stride) {
        const auto number = std::to_string(convolutions_.size() + 1);
        convolutions_.push_back(register_module(
            "conv" + number, convolution_of(in_width, out_width, kernel, stride, settings_)));
        batch_norms_.push_back(nullptr);
        if (settings_.has_norms) {
            batch_norms_.back() = register_module(
                "bn" + number,
                std::make_shared<BatchNorm>(out_width, settings_.epsilon, settings_.norm));
        }
    }

    std::vector<std::shared_ptr<Convolution>> convolutions_;
    std::vector<std::shared_ptr<BatchNorm>> batch_norms_;
    std::shared_ptr<Sequence> downsample_;
};

}  // namespace

ResNetLayers::ResNetLayers(torch::nn::Module& owner, const ResNetSettings& settings)
    : shrinks_(settings.shrinks) {
    auto in_width = settings.width;
    conv1_ = owner.register_module(
        "conv1", convolution_of(settings.channels, in_width, settings.first_kernel,
                                shrinks_ ? 2 : 1, settings));
    if (settings.has_norms) {
        batch_norm1_ = owner.register_module(
            "bn1", std::make_shared<BatchNorm>(in_width, settings.epsilon, settings.norm));
    }
    auto width = settings.width;
    for (const auto blocks : settings.blocks) {
        const auto stage = owner.register_module("layer" + std::to_string(stages_.size() + 1),
                                                 std::make_shared<Sequence>());
        for (int64_t i = 0; i < blocks; ++i) {
            stage->append<ResidualBlock>(in_width, width, i == 0 && !stages_.empty() ? 2 : 1,
                                         settings);
            in_width = settings.bottleneck ? 4 * width : width;
        }
        stages_.push_back(stage);
        widths_.push_back(in_width);
        width *= 2;
    }
}

std::vector<at::Tensor> ResNetLayers::forward(const at::Tensor& images) const {
    auto x = convolve(*conv1_, batch_norm1_.get(), images).relu_();
    if (shrinks_) {
        x = at::max_pool2d(x, 3, 2, 1);
    }
    std::vector<at::Tensor> maps;
    for (const auto& stage : stages_) {
        x = stage->forward(x);
        maps.push_back(x);
    }
    return maps;
}

}  // namespace hfc::model
