// The convolutions of a ResNet, for code that adds other layers after them.
#pragma once

#include "model/layers.h"

#include <memory>
#include <vector>

namespace hfc::model {

struct ResNetSettings {
    std::vector<int64_t> blocks;  ///< per stage
    /// whether a block has three convolutions (1x1, 3x3, and 1x1 to four times the width);
    /// otherwise it has two 3x3 convolutions
    bool bottleneck = false;
    int64_t width = 64;    ///< the width of the first stage, which doubles from stage to stage
    int64_t channels = 3;  ///< of the images
    int64_t first_kernel = 7;
    bool shrinks = true;    ///< the first convolution has stride 2 and is followed by pooling
    bool has_norms = true;  ///< otherwise the convolutions have biases
    NormKind norm = NormKind::trained;
    double epsilon = torchvision_epsilon;  ///< epsilon of the norms
};

/// The layers conv1, bn1, layer1, layer2 ..., registered with a module under torchvision's names.
class ResNetLayers {
  public:
    ResNetLayers() = default;
    ResNetLayers(torch::nn::Module& owner, const ResNetSettings& settings);

    /// Returns the outputs of all stages.
    std::vector<at::Tensor> forward(const at::Tensor& images) const;
    /// The number of channels of the last stage.
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
