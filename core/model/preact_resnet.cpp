#include "model/layers.h"
#include "model/networks.h"

#include <ATen/ATen.h>

namespace hfc::model {
namespace {

constexpr double batch_norm_epsilon = 1e-3;

/// Convolution, BatchNorm (if there is one) and ReLU. oneDNN's fused convolution + ReLU
/// (mkldnn::_convolution_pointwise) works only without gradients and is slower than ReLU in place
/// (1 102 and 944 images/s against 1 192 and 953; 1 116 and 927 with neither). So all cases use the
/// same path.
at::Tensor convolve_and_activate(const Convolution& convolution,
                                 const std::shared_ptr<BatchNorm>& batch_norm,
                                 const at::Tensor& x) {
    return convolve(convolution, batch_norm.get(), x).relu_();
}

/// BatchNorm (if there is one) and ReLU, without changing x, which the shortcut also needs.
at::Tensor activate(const std::shared_ptr<BatchNorm>& batch_norm, const at::Tensor& x) {
    return batch_norm ? batch_norm->forward(x).relu_() : at::relu(x);
}

/// Computes x + conv2(activate(conv1(activate(x)))). If the width doubles, conv1 has stride 2, and
/// the shortcut is a 2x2 average pool, padded with channels of zeros, half of them before the
/// existing channels and half after.
class Block : public Layer {
  public:
    Block(int64_t in_width, int64_t out_width, bool first, bool batch_norm, bool same)
        : first_(first), new_channels_(out_width - in_width) {
        if (batch_norm && !first) {
            batch_norm1_ =
                register_module("bn1", std::make_shared<BatchNorm>(in_width, batch_norm_epsilon));
        }
        const int64_t stride = new_channels_ > 0 ? 2 : 1;
        conv1_ = register_module(
            "conv1", std::make_shared<Convolution>(
                         in_width, out_width, 3,
                         Convolution::Settings{.stride = stride, .padding = {}, .same = same}));
        if (batch_norm) {
            batch_norm2_ =
                register_module("bn2", std::make_shared<BatchNorm>(out_width, batch_norm_epsilon));
        }
        conv2_ = register_module("conv2", std::make_shared<Convolution>(out_width, out_width, 3));
    }

    at::Tensor forward(const at::Tensor& x) {
        // The input of the very first block has already been activated.
        const auto inner =
            convolve_and_activate(*conv1_, batch_norm2_, first_ ? x : activate(batch_norm1_, x));
        auto out = conv2_->forward(inner);
        return observed(out.add_(new_channels_ > 0 ? shortcut(x) : x));
    }

  private:
    at::Tensor shortcut(const at::Tensor& x) const {
        // ceil_mode: an odd size shrinks to (size + 1) / 2, as it does in a convolution with stride
        // 2.
        const auto pooled = at::avg_pool2d(x, 2, 2, 0, /*ceil_mode=*/true);
        return at::constant_pad_nd(pooled, {0, 0, 0, 0, new_channels_ / 2, new_channels_ / 2});
    }

    bool first_;
    int64_t new_channels_;
    std::shared_ptr<BatchNorm> batch_norm1_, batch_norm2_;
    std::shared_ptr<Convolution> conv1_, conv2_;
};

class PreactResNet : public Model {
  public:
    PreactResNet(const std::string& name, int64_t blocks_a_stage, const ModelOptions& options)
        : Model(name), options_(options), tensorflow_(options.form == "tensorflow") {
        conv0_ = register_module("conv0", std::make_shared<Convolution>(
                                              options.channels, 16, small_first_kernel(options)));
        if (options.batch_norm) {
            batch_norm0_ =
                register_module("bn0", std::make_shared<BatchNorm>(16, batch_norm_epsilon));
        }
        blocks_ = register_module("blocks", std::make_shared<Sequence>());
        int64_t width = 16;
        for (const int64_t stage_width : {16, 32, 64}) {
            for (int64_t i = 0; i < blocks_a_stage; ++i) {
                blocks_->append<Block>(width, stage_width, /*first=*/stage_width == 16 && i == 0,
                                       options.batch_norm, /*same=*/tensorflow_);
                width = stage_width;
            }
        }
        if (options.batch_norm && !tensorflow_) {
            batch_norm_ =
                register_module("bn", std::make_shared<BatchNorm>(width, batch_norm_epsilon));
        }
        fc_ = register_module("fc", std::make_shared<Linear>(width, options.classes));
    }

    at::Tensor forward(const at::Tensor& images) override {
        require_images(images, *this, options_.channels);
        const auto drop = [&](const at::Tensor& x, bool here) {
            return here ? at::dropout(x, options_.dropout, is_training()) : x;
        };
        const auto features =
            blocks_->forward(convolve_and_activate(*conv0_, batch_norm0_, images));
        const auto means = activate(batch_norm_, drop(features, tensorflow_)).mean({2, 3});
        return fc_->forward(drop(means, !tensorflow_));
    }

  private:
    ModelOptions options_;
    bool tensorflow_;
    std::shared_ptr<Convolution> conv0_;
    std::shared_ptr<BatchNorm> batch_norm0_, batch_norm_;
    std::shared_ptr<Sequence> blocks_;
    std::shared_ptr<Linear> fc_;
};

}  // namespace

ModelPtr make_preact_resnet(const std::string& name, int64_t blocks_a_stage,
                            const ModelOptions& options) {
    return std::make_shared<PreactResNet>(name, blocks_a_stage, options);
}

}  // namespace hfc::model
