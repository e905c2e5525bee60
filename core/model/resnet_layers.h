// The convolutions of a ResNet, for whoever puts something on them.
#pragma once

#include "model/layers.h"

#include <memory>
#include <vector>

namespace hfc::model {

struct ResNetSettings {
    std::vector<int64_t> blocks;  ///< a stage
    bool bottleneck = false;      ///< 1x1, 3x3, 1x1 to four times the width, else two of 3x3
    int64_t width = 64;           ///< of the first stage; it doubles from stage to stage
    int64_t channels = 3;         ///< of the images
    int64_t first_kernel = 7;
    bool shrinks = true;    ///< the first convolution has stride 2 and a pool follows it
    bool has_norms = true;  ///< else the convolutions have biases
    NormKind norm = NormKind::trained;
    double epsilon = torchvision_epsilon;  ///< of the norms
};

/// conv1, bn1, layer1, layer2 ... under torchvision's names, registered with a module.
class ResNetLayers {
  public:
    ResNetLayers() = default;
    ResNetLayers(torch::nn::Module& owner, const ResNetSettings& settings);

    /// What each stage makes of images.
    std::vector<at::Tensor> forward(const at::Tensor& images) const;
    /// Channels of the last stage.
    int64_t width() const { return widths_.back(); }
    const std::vector<int64_t>& widths() const { return widths_; }

  private:
    bool shrinks_ = true;
    std::shared_ptr<Convolution> conv1_;
    std::shared_ptr<BatchNorm> batch_norm1_;  ///< or null
    std::vector<std::shared_ptr<Sequence>> stages_;
    std::vector<int64_t> widths_;
};

}  // namespace hfc::model
