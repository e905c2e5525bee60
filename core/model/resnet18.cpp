#include "model/layers.h"
#include "model/networks.h"

namespace hfc::model {
namespace {

constexpr double torchvision_epsilon = 1e-5;

/// The 1x1 convolution and BatchNorm on the shortcut where width or size changes: "downsample.0", "downsample.1".
class Downsample : public torch::nn::Module {
  public:
    Downsample(int64_t in_width, int64_t out_width)
        : conv_(register_module("0", std::make_shared<Convolution>(in_width, out_width, 1, 2))),
          batch_norm_(register_module("1", std::make_shared<BatchNorm>(out_width, torchvision_epsilon))) {}
    at::Tensor forward(const at::Tensor& x) { return batch_norm_->forward(conv_->forward(x)); }

  private:
    std::shared_ptr<Convolution> conv_;
    std::shared_ptr<BatchNorm> batch_norm_;
};

/// relu(x + bn2(conv2(relu(bn1(conv1(x))))))
class BasicBlock : public torch::nn::Module {
  public:
    BasicBlock(int64_t in_width, int64_t out_width) {
        conv1_ = register_module("conv1", std::make_shared<Convolution>(in_width, out_width, 3, in_width == out_width ? 1 : 2));
        batch_norm1_ = register_module("bn1", std::make_shared<BatchNorm>(out_width, torchvision_epsilon));
        conv2_ = register_module("conv2", std::make_shared<Convolution>(out_width, out_width, 3));
        batch_norm2_ = register_module("bn2", std::make_shared<BatchNorm>(out_width, torchvision_epsilon));
        if (in_width != out_width) {
            downsample_ = register_module("downsample", std::make_shared<Downsample>(in_width, out_width));
        }
    }

    at::Tensor forward(const at::Tensor& x) {
        const auto inner = batch_norm1_->forward(conv1_->forward(x)).relu_();
        auto out = batch_norm2_->forward(conv2_->forward(inner));
        return out.add_(downsample_ ? downsample_->forward(x) : x).relu_();
    }

  private:
    std::shared_ptr<Convolution> conv1_, conv2_;
    std::shared_ptr<BatchNorm> batch_norm1_, batch_norm2_;
    std::shared_ptr<Downsample> downsample_;
};

class ResNet18 : public Model {
  public:
    explicit ResNet18(const ModelOptions& options) : Model("resnet18"), options_(options) {
        int64_t width = 64;
        conv1_ = register_module("conv1", std::make_shared<Convolution>(options.channels, width, 3));
        batch_norm1_ = register_module("bn1", std::make_shared<BatchNorm>(width, torchvision_epsilon));
        for (const int64_t stage_width : {64, 128, 256, 512}) {
            const auto stage = register_module("layer" + std::to_string(stages_.size() + 1), std::make_shared<Row<BasicBlock>>());
            stage->append(width, stage_width);
            stage->append(stage_width, stage_width);
            stages_.push_back(stage);
            width = stage_width;
        }
        fc_ = register_module("fc", std::make_shared<Linear>(width, options.classes));
    }

    at::Tensor forward(const at::Tensor& images) override {
        require_images(images, name(), options_.channels);
        auto x = batch_norm1_->forward(conv1_->forward(images)).relu_();
        for (const auto& stage : stages_) {
            x = stage->forward(x);
        }
        const auto means = x.mean({2, 3});
        return fc_->forward(options_.dropout > 0 ? at::dropout(means, options_.dropout, is_training()) : means);
    }

  private:
    ModelOptions options_;
    std::shared_ptr<Convolution> conv1_;
    std::shared_ptr<BatchNorm> batch_norm1_;
    std::vector<std::shared_ptr<Row<BasicBlock>>> stages_;
    std::shared_ptr<Linear> fc_;
};

}  // namespace

ModelPtr make_resnet18(const ModelOptions& options) {
    return std::make_shared<ResNet18>(options);
}

}  // namespace hfc::model
