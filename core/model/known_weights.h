// Recognises published networks by the names and shapes of their weights.
#pragma once

#include "model/model.h"
#include "tensor_file/tensor_file.h"

#include <optional>
#include <string>

namespace hfc::model {

struct KnownNetwork {
    ModelPtr network;   ///< with the weights, after the normalisation with which it was trained
    std::string about;  ///< one line for the user: the network, and the normalisation before it
};

/// Returns the network of a state dict written by torchvision (resnet18, resnet34, resnet50, vgg11,
/// vgg16, with or without BatchNorm, alexnet) or pytorch_resnet_cifar10 (resnet20 to resnet56). The
/// names may have a prefix ("state_dict.module.conv1.weight"). Such files do not contain the
/// normalisation of images; both projects use ImageNet's mean and standard deviation. Returns
/// nothing for other tensors; `misfit`, if given, then receives a description of a tensor that does
/// not fit the most similar network.
std::optional<KnownNetwork> known_network(const tensor_file::NamedTensors& state,
                                          std::string* misfit = nullptr);

}  // namespace hfc::model
