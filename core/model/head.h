// Replaces the last layer of a network to change the number of classes.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <string>

namespace hfc::model {

/// Throws Error if the number of classes is out of range, if the network has no last linear layer
/// (`head` is empty), or if `wanted` is neither empty nor the name of that layer.
void check_head(int64_t classes, const std::string& head, const std::string& wanted);

/// Returns a tensor to replace the weight or bias `old`, for `classes` classes. Its values are
/// drawn as in torch.nn.Linear and torch.nn.Conv2d: uniform in +-1 / sqrt(inputs). It requires
/// grad.
at::Tensor new_head_tensor(const at::Tensor& old, int64_t classes, int64_t inputs, uint64_t seed);

}  // namespace hfc::model
