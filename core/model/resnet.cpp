#include "model/layers.h"
#include "model/networks.h"

#include <ATen/ATen.h>

namespace hfc::model {
namespace {

/// relu(shortcut(x) + bn(conv(... relu(bn(conv(x)))))): two 3x3 convolutions, or 1x1, 3x3, 1x1 to
/// four times the width (a bottleneck). The stride is in the first 3x3 convolution, as in
/// torchvision. Where width or size changes, a 1x1 convolution and BatchNorm on the shortcut.
class ResidualBlock : public torch::nn::Module {
  public:
    ResidualBlock(int64_t in_width, int64_t width, int64_t stride, bool bottleneck) {
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
            downsample_->append_convolution_and_norm(
                in_width, out_width, 1, {.stride = stride, .padding = {}}, torchvision_epsilon);
        }
    }

    at::Tensor forward(const at::Tensor& x) {
        auto out = x;
        for (size_t i = 0; i < convolutions_.size(); ++i) {
            // The activation of the last pair comes after the sum.
            out = convolve(*convolutions_[i], batch_norms_[i].get(), i == 0 ? out : out.relu_());
        }
        return out.add_(downsample_ ? downsample_->forward(x) : x).relu_();
    }

  private:
    void append(int64_t in_width, int64_t out_width, int64_t kernel, int64_t stride) {
        const auto number = std::to_string(convolutions_.size() + 1);
        convolutions_.push_back(register_module(
            "conv" + number, std::make_shared<Convolution>(in_width, out_width, kernel, stride)));
        batch_norms_.push_back(register_module(
            "bn" + number, std::make_shared<BatchNorm>(out_width, torchvision_epsilon)));
    }

    std::vector<std::shared_ptr<Convolution>> convolutions_;
    std::vector<std::shared_ptr<BatchNorm>> batch_norms_;
    std::shared_ptr<Sequence> downsample_;
};

class ResNet : public Model {
  public:
    ResNet(const std::string& name, const ResNetStages& stages, const ModelOptions& options)
        : Model(name), options_(options), small_(options.form == "small") {
        int64_t in_width = 64;
        conv1_ = register_module(
            "conv1", small_ ? std::make_shared<Convolution>(options.channels, in_width,
                                                            small_first_kernel(options))
                            : std::make_shared<Convolution>(options.channels, in_width, 7, 2));
        batch_norm1_ =
            register_module("bn1", std::make_shared<BatchNorm>(in_width, torchvision_epsilon));
        int64_t width = 64;
        for (const auto blocks : stages.blocks) {
            const auto stage = register_module("layer" + std::to_string(stages_.size() + 1),
                                               std::make_shared<Sequence>());
            for (int64_t i = 0; i < blocks; ++i) {
                stage->append<ResidualBlock>(in_width, width, i == 0 && !stages_.empty() ? 2 : 1,
                                             stages.bottleneck);
                in_width = stages.bottleneck ? 4 * width : width;
            }
            stages_.push_back(stage);
            width *= 2;
        }
        fc_ = register_module("fc", std::make_shared<Linear>(in_width, options.classes));
    }

    at::Tensor forward(const at::Tensor& images) override {
        require_images(images, *this, options_.channels);
        auto x = convolve(*conv1_, batch_norm1_.get(), images).relu_();
        if (!small_) {
            x = at::max_pool2d(x, 3, 2, 1);
        }
        for (const auto& stage : stages_) {
            x = stage->forward(x);
        }
        return fc_->forward(at::dropout(x.mean({2, 3}), options_.dropout, is_training()));
    }

  private:
    ModelOptions options_;
    bool small_;
    std::shared_ptr<Convolution> conv1_;
    std::shared_ptr<BatchNorm> batch_norm1_;
    std::vector<std::shared_ptr<Sequence>> stages_;
    std::shared_ptr<Linear> fc_;
};

}  // namespace

ModelPtr make_resnet(const std::string& name, const ResNetStages& stages,
                     const ModelOptions& options) {
    return std::make_shared<ResNet>(name, stages, options);
}

}  // namespace hfc::model
