#include "model/layers.h"
#include "model/networks.h"
#include "model/resnet_layers.h"

#include <ATen/ATen.h>

namespace hfc::model {
namespace {

class ResNet : public Model {
  public:
    ResNet(const std::string& name, const ResNetStages& stages, const ModelOptions& options)
        : Model(name), options_(options), small_(options.form == "small") {
        ResNetSettings settings{stages.blocks, stages.bottleneck};
        settings.channels = options.channels;
        settings.first_kernel = small_ ? small_first_kernel(options) : 7;
        settings.shrinks = !small_;
        settings.has_norms = !stages.bare || options.batch_norm;
        layers_ = ResNetLayers(*this, settings);
        fc_ = register_module("fc", std::make_shared<Linear>(layers_.width(), options.classes));
    }

    at::Tensor forward(const at::Tensor& images) override {
        require_images(images, *this, options_.channels);
        const auto x = layers_.forward(images).back();
        return fc_->forward(at::dropout(x.mean({2, 3}), options_.dropout, is_training()));
    }

  private:
    ModelOptions options_;
    bool small_;
    ResNetLayers layers_;
    std::shared_ptr<Linear> fc_;
};

}  // namespace

ModelPtr make_resnet(const std::string& name, const ResNetStages& stages,
                     const ModelOptions& options) {
    return std::make_shared<ResNet>(name, stages, options);
}

}  // namespace hfc::model
