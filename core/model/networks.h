// The built-in families, for make() alone.
#pragma once

#include "model/model.h"

namespace hfc::model {

/// The paper's network (experiments of Wang et al., CVPR 2020): pre-activation ResNet for small
/// images, (depth - 2) / 6 blocks a stage, widths 16, 32, 64.
ModelPtr make_preact_resnet(const std::string& name, int64_t blocks_a_stage,
                            const ModelOptions& options);

/// ResNet (He et al., CVPR 2016). Small form: a first convolution of 3x3 (grey images: 5x5) and
/// stride 1, no max pooling.
struct ResNetStages {
    std::vector<int64_t> blocks;
    bool bottleneck;
    bool bare = false;  ///< no BatchNorm, unless ModelOptions::batch_norm
};
ModelPtr make_resnet(const std::string& name, const ResNetStages& stages,
                     const ModelOptions& options);

/// ResNet for CIFAR (He et al., 2016) as pytorch_resnet_cifar10 has it: three stages of `blocks`
/// blocks with 16, 32, 64 channels, shortcuts without weights.
ModelPtr make_cifar_resnet(const std::string& name, int64_t blocks, const ModelOptions& options);

/// VGG (Simonyan and Zisserman, ICLR 2015): torchvision's features, `convolutions` 3x3 layers in
/// each of the five stages. Small form: the first kernel is 5x5 for grey images, pools round sizes
/// up (28 pixels: 14, 7, 4, 2, 1), then a global mean and one linear layer.
ModelPtr make_vgg(const std::string& name, const std::vector<int64_t>& convolutions,
                  const ModelOptions& options);

/// AlexNet as torchvision has it (Krizhevsky, 2014). Small form, as in ports of it to CIFAR-10: the
/// same widths, a first convolution of 3x3 (grey images: 5x5) and stride 2, 2x2 pools that round
/// sizes up, then a global mean and one linear layer.
ModelPtr make_alexnet(const std::string& name, const ModelOptions& options);

/// LeNet-5 (LeCun et al., 1998) in today's form: ReLU, max pools, fully connected from stage to
/// stage; names as in PyTorch's tutorial. Images below 32 pixels get a border of zeros up to 32, as
/// LeCun's digits had; of larger ones the last maps are averaged to 5x5.
ModelPtr make_lenet(const std::string& name, const ModelOptions& options);

}  // namespace hfc::model
