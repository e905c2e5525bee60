// What a network has learned, by name.
#pragma once

#include "model/model.h"
#include "tensor_file/tensor_file.h"

#include <map>
#include <optional>
#include <string>

namespace hfc::model {

/// The parameters, then the buffers, without their graphs. They share the network's memory.
tensor_file::NamedTensors state_of(const Model& network);

/// Gives the network the values of `state`, where a name is that of the network behind `prefix`.
/// Where a tensor does not fit it changes nothing and returns which one: "the tensor 'fc.bias' is
/// missing". Counts of batches may be missing: old versions of PyTorch wrote none.
std::optional<std::string> fill(const Model& network,
                                const std::map<std::string, at::Tensor>& state,
                                const std::string& prefix = "");

}  // namespace hfc::model
