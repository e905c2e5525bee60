// Networks that others trained, told by the names and shapes of their weights.
#pragma once

#include "model/model.h"
#include "tensor_file/tensor_file.h"

#include <optional>
#include <string>

namespace hfc::model {

struct KnownNetwork {
    ModelPtr network;   ///< with the weights, behind the normalisation that it was trained with
    std::string about;  ///< one line for users: which network, and what is in front of it
};

/// The network of a state dict, as torchvision (resnet18, resnet34, resnet50, vgg11, vgg16, with or
/// without BatchNorm, alexnet) or pytorch_resnet_cifar10 (resnet20 to resnet56) writes it. The
/// weights may lie under other names ("state_dict.module.conv1.weight"). Such files do not say how
/// images are normalised; both projects use ImageNet's mean and deviation. Nothing for other
/// tensors; `misfit`, where given, receives which tensor of the nearest network does not fit.
std::optional<KnownNetwork> known_network(const tensor_file::NamedTensors& state,
                                          std::string* misfit = nullptr);

}  // namespace hfc::model
