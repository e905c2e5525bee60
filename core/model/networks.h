// The built-in families, for make() alone.
#pragma once

#include "model/model.h"

namespace hfc::model {

/// The paper's network (experiments of Wang et al., CVPR 2020): pre-activation ResNet for small images, (depth - 2) / 6 blocks a stage,
/// widths 16, 32, 64.
ModelPtr make_preact_resnet(const std::string& name, int64_t blocks_a_stage, const ModelOptions& options);

/// ResNet-18 (He et al., CVPR 2016) with the stem for small images: a 3x3 first convolution of stride 1, no max pooling.
/// Parameters have torchvision's names.
ModelPtr make_resnet18(const ModelOptions& options);

}  // namespace hfc::model
