#include "model/layers.h"
#include "model/networks.h"

#include <ATen/ATen.h>

namespace hfc::model {
namespace {

/// Pads the images with zeros until each side has at least 32 pixels.
at::Tensor pad_to_32(const at::Tensor& images) {
    const auto rows = std::max<int64_t>(32 - images.size(2), 0);
    const auto columns = std::max<int64_t>(32 - images.size(3), 0);
    return at::constant_pad_nd(images,
                               {columns / 2, columns - columns / 2, rows / 2, rows - rows / 2});
}

class LeNet : public Model {
  public:
    LeNet(const std::string& name, const ModelOptions& options) : Model(name), options_(options) {
        const Convolution::Settings settings = {.stride = 1, .padding = 0, .bias = true};
        conv1_ = register_module("conv1",
                                 std::make_shared<Convolution>(options.channels, 6, 5, settings));
        conv2_ = register_module("conv2", std::make_shared<Convolution>(6, 16, 5, settings));
        fc1_ = register_module("fc1", std::make_shared<Linear>(16 * 5 * 5, 120));
        fc2_ = register_module("fc2", std::make_shared<Linear>(120, 84));
        fc3_ = register_module("fc3", std::make_shared<Linear>(84, options.classes));
    }

    at::Tensor forward(const at::Tensor& images) override {
        require_images(images, *this, options_.channels);
        auto x = at::max_pool2d(conv1_->forward(pad_to_32(images)).relu_(), 2);
        x = at::max_pool2d(conv2_->forward(x).relu_(), 2);
        x = fc1_->forward(at::adaptive_avg_pool2d(x, {5, 5}).flatten(1)).relu_();
        return fc3_->forward(
            at::dropout(fc2_->forward(x).relu_(), options_.dropout, is_training()));
    }

  private:
    ModelOptions options_;
    std::shared_ptr<Convolution> conv1_, conv2_;
    std::shared_ptr<Linear> fc1_, fc2_, fc3_;
};

}  // namespace

ModelPtr make_lenet(const std::string& name, const ModelOptions& options) {
    return std::make_shared<LeNet>(name, options);
}

}  // namespace hfc::model
