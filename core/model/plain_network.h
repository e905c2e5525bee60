// The common part of AlexNet and VGG: a sequence of feature layers, then pooling and a classifier.
#pragma once

#include "model/layers.h"

namespace hfc::model {

/// Convolutional feature layers and a classifier. In the small variant, the classifier is a global
/// mean and one linear layer ("classifier"); in torchvision's variant, it is average pooling to a
/// fixed size and a sequence of layers ("classifier.N"). A derived class adds the layers in its
/// constructor.
class PlainNetwork : public Model {
  public:
    PlainNetwork(const std::string& name, const ModelOptions& options, int64_t smallest)
        : Model(name),
          options_(options),
          smallest_(is_small() ? 1 : smallest),
          features_(register_module("features", std::make_shared<Sequence>())) {}

    at::Tensor forward(const at::Tensor& images) override {
        require_images(images, *this, options_.channels, smallest_);
        const auto features = features_->forward(images);
        if (is_small()) {
            return linear_->forward(
                at::dropout(features.mean({2, 3}), options_.dropout, is_training()));
        }
        return classifier_->forward(
            at::adaptive_avg_pool2d(features, {pooled_size_, pooled_size_}).flatten(1));
    }

  protected:
    bool is_small() const { return options_.form == "small"; }
    const ModelOptions& options() const { return options_; }
    Sequence& feature_layers() { return *features_; }

    void use_one_linear_layer(int64_t width) {
        linear_ = register_module("classifier", std::make_shared<Linear>(width, options_.classes));
    }
    /// The caller appends the classifier's layers.
    Sequence& use_classifier(int64_t pooled_size) {
        pooled_size_ = pooled_size;
        classifier_ = register_module("classifier", std::make_shared<Sequence>());
        return *classifier_;
    }

  private:
    ModelOptions options_;
    int64_t smallest_;
    int64_t pooled_size_ = 1;
    std::shared_ptr<Sequence> features_, classifier_;
    std::shared_ptr<Linear> linear_;
};

}  // namespace hfc::model
