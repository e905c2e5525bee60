// The built-in families of networks; only make() uses this file.
#pragma once

#include "model/model.h"

namespace hfc::model {

/// The paper's network (experiments of Wang et al., CVPR 2020): pre-activation ResNet for small
/// images, with (depth - 2) / 6 blocks per stage and widths 16, 32, 64. The "tensorflow" variant
/// matches the authors' code (scripts/resnet.py of HaohanWang/HFC): convolutions of stride 2 are
/// padded only at the bottom and on the right (for images of even size), the last ReLU has no
/// BatchNorm before it, and dropout acts before the last ReLU.
ModelPtr make_preact_resnet(const std::string& name, int64_t blocks_a_stage,
                            const ModelOptions& options);

/// ResNet (He et al., CVPR 2016). The small variant starts with a 3x3 convolution (5x5 for grey
/// images) of stride 1 and has no max pooling.
struct ResNetStages {
    std::vector<int64_t> blocks;
    bool bottleneck;
    bool bare = false;  ///< no BatchNorm unless ModelOptions::batch_norm is set
};
ModelPtr make_resnet(const std::string& name, const ResNetStages& stages,
                     const ModelOptions& options);

/// ResNet for CIFAR (He et al., 2016), as in pytorch_resnet_cifar10: three stages of `blocks`
/// blocks with 16, 32, 64 channels, and shortcuts without weights.
ModelPtr make_cifar_resnet(const std::string& name, int64_t blocks, const ModelOptions& options);

/// VGG (Simonyan and Zisserman, ICLR 2015): torchvision's feature layers, with `convolutions[i]`
/// 3x3 convolutions in stage i (of five). In the small variant, the first kernel is 5x5 for grey
/// images, pooling rounds sizes up (28 pixels: 14, 7, 4, 2, 1), and the features are followed by a
/// global mean and one linear layer.
ModelPtr make_vgg(const std::string& name, const std::vector<int64_t>& convolutions,
                  const ModelOptions& options);

/// AlexNet, as in torchvision (Krizhevsky, 2014). The small variant resembles common adaptations to
/// CIFAR-10: the same widths, a first 3x3 convolution (5x5 for grey images) with stride 2, 2x2
/// pooling that rounds sizes up, then a global mean and one linear layer.
ModelPtr make_alexnet(const std::string& name, const ModelOptions& options);

/// LeNet-5 (LeCun et al., 1998) in its modern form: ReLU, max pooling, full connections between
/// stages, and the layer names from PyTorch's tutorial. Images smaller than 32 pixels are padded
/// with zeros to 32, like LeCun's digits. For larger images, the last feature maps are averaged to
/// 5x5.
ModelPtr make_lenet(const std::string& name, const ModelOptions& options);

/// The authors' network for grey images (Wang et al., 2020, appendix B.2; mnist/model/model.py in
/// pytorch_implementation.zip of HaohanWang/HFC): two 5x5 convolutions with 32 and 64 channels,
/// each with ReLU and 2x2 pooling, then linear layers with 1024 hidden units. If the images are not
/// 28x28, the last feature maps are averaged to 7x7. BatchNorm, if requested, comes before the
/// ReLUs of the convolutions.
ModelPtr make_mnist_cnn(const std::string& name, const ModelOptions& options);

}  // namespace hfc::model
