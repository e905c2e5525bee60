#include "model/layers.h"
#include "model/networks.h"

#include <ATen/ATen.h>

namespace hfc::model {
namespace {

/// Computes relu(shortcut(x) + bn2(conv2(relu(bn1(conv1(x)))))). If the width changes, the shortcut
/// takes every second pixel and adds channels of zeros, half before and half after (option A of He
/// et al.).
class PaddedBlock : public Layer {
  public:
    PaddedBlock(int64_t in_width, int64_t width, int64_t stride)
        : stride_(stride),
          added_(width - in_width),
          conv1_(
              register_module("conv1", std::make_shared<Convolution>(in_width, width, 3, stride))),
          norm1_(register_module("bn1", std::make_shared<BatchNorm>(width, torchvision_epsilon))),
          conv2_(register_module("conv2", std::make_shared<Convolution>(width, width, 3))),
          norm2_(register_module("bn2", std::make_shared<BatchNorm>(width, torchvision_epsilon))) {}

    at::Tensor forward(const at::Tensor& x) {
        auto shortcut = x;
        if (stride_ != 1) {
            shortcut = at::constant_pad_nd(x.slice(2, 0, {}, stride_).slice(3, 0, {}, stride_),
                                           {0, 0, 0, 0, added_ / 2, added_ - added_ / 2});
        }
        const auto inner = convolve(*conv1_, norm1_.get(), x).relu_();
        return observed(convolve(*conv2_, norm2_.get(), inner).add_(shortcut).relu_());
    }

  private:
    int64_t stride_, added_;
    std::shared_ptr<Convolution> conv1_;
    std::shared_ptr<BatchNorm> norm1_;
    std::shared_ptr<Convolution> conv2_;
    std::shared_ptr<BatchNorm> norm2_;
};

class CifarResNet : public Model {
  public:
    CifarResNet(const std::string& name, int64_t blocks, const ModelOptions& options)
        : Model(name),
          options_(options),
          conv1_(register_module("conv1", std::make_shared<Convolution>(
                                              options.channels, 16, small_first_kernel(options)))),
          norm1_(register_module("bn1", std::make_shared<BatchNorm>(16, torchvision_epsilon))) {
        int64_t in_width = 16;
        for (const int64_t width : {16, 32, 64}) {
            auto stage = register_module("layer" + std::to_string(stages_.size() + 1),
                                         std::make_shared<Sequence>());
            for (int64_t i = 0; i < blocks; ++i) {
                stage->append<PaddedBlock>(in_width, width, i == 0 && width > 16 ? 2 : 1);
                in_width = width;
            }
            stages_.push_back(std::move(stage));
        }
        linear_ = register_module("linear", std::make_shared<Linear>(in_width, options.classes));
    }

    at::Tensor forward(const at::Tensor& images) override {
        require_images(images, *this, options_.channels);
        auto x = convolve(*conv1_, norm1_.get(), images).relu_();
        for (const auto& stage : stages_) {
            x = stage->forward(x);
        }
        return linear_->forward(at::dropout(x.mean({2, 3}), options_.dropout, is_training()));
    }

  private:
    ModelOptions options_;
    std::shared_ptr<Convolution> conv1_;
    std::shared_ptr<BatchNorm> norm1_;
    std::vector<std::shared_ptr<Sequence>> stages_;
    std::shared_ptr<Linear> linear_;
};

}  // namespace

ModelPtr make_cifar_resnet(const std::string& name, int64_t blocks, const ModelOptions& options) {
    return std::make_shared<CifarResNet>(name, blocks, options);
}

}  // namespace hfc::model
