// The learned tensors of a network, by name.
#pragma once

#include "model/model.h"
#include "tensor_file/tensor_file.h"

#include <ATen/core/Tensor.h>

#include <map>
#include <optional>
#include <string>

namespace hfc::model {

/// The parameters, followed by the buffers, without their graphs. They share the network's memory.
tensor_file::NamedTensors state_of(const Model& network);

/// Copies values from `state` to the network. A name in `state` is `prefix` followed by the name in
/// the network. If a tensor does not fit, changes nothing and returns a description: "the tensor
/// 'fc.bias' is missing". Batch counts may be missing, because old versions of PyTorch did not
/// write them.
std::optional<std::string> fill(const Model& network,
                                const std::map<std::string, at::Tensor>& state,
                                const std::string& prefix = "");

/// Copies `value` to `tensor`, for destructors that restore a network. Does nothing if the shapes
/// differ, which can happen if a script's function has changed the tensor in the meantime.
void put_back(const at::Tensor& tensor, const at::Tensor& value) noexcept;

}  // namespace hfc::model
