#include "model/layers.h"
#include "model/networks.h"

#include <ATen/ATen.h>

namespace hfc::model {
namespace {

class MnistCnn : public Model {
  public:
    MnistCnn(const std::string& name, const ModelOptions& options)
        : Model(name), options_(options) {
        const Convolution::Settings settings{.stride = 1, .padding = {}, .bias = true};
        conv1_ = register_module("conv1",
                                 std::make_shared<Convolution>(options.channels, 32, 5, settings));
        conv2_ = register_module("conv2", std::make_shared<Convolution>(32, 64, 5, settings));
        if (options.batch_norm) {
            batch_norm1_ = register_module("bn1", std::make_shared<BatchNorm>(32, epsilon));
            batch_norm2_ = register_module("bn2", std::make_shared<BatchNorm>(64, epsilon));
        }
        fc1_ = register_module("fc1", std::make_shared<Linear>(64 * side * side, 1024));
        fc2_ = register_module("fc2", std::make_shared<Linear>(1024, options.classes));
    }

    at::Tensor forward(const at::Tensor& images) override {
        require_images(images, *this, options_.channels);
        const auto stage = [](const auto& convolution, const auto& batch_norm,
                              const at::Tensor& x) {
            // ceil_mode, because images of one pixel could not be pooled without it.
            return at::max_pool2d(convolve(*convolution, batch_norm.get(), x).relu_(), 2, 2, 0, 1,
                                  /*ceil_mode=*/true);
        };
        const auto maps = stage(conv2_, batch_norm2_, stage(conv1_, batch_norm1_, images));
        const auto x =
            fc1_->forward(at::adaptive_avg_pool2d(maps, {side, side}).flatten(1)).relu_();
        return fc2_->forward(at::dropout(x, options_.dropout, is_training()));
    }

  private:
    static constexpr int64_t side = 7;  ///< of the last feature maps for MNIST images
    static constexpr double epsilon = 1e-3;

    ModelOptions options_;
    std::shared_ptr<Convolution> conv1_, conv2_;
    std::shared_ptr<BatchNorm> batch_norm1_, batch_norm2_;
    std::shared_ptr<Linear> fc1_, fc2_;
};

}  // namespace

ModelPtr make_mnist_cnn(const std::string& name, const ModelOptions& options) {
    return std::make_shared<MnistCnn>(name, options);
}

}  // namespace hfc::model
