// What a network has learned, by name.
#pragma once

#include "model/model.h"
#include "tensor_file/tensor_file.h"

namespace hfc::model {

/// The parameters, then the buffers, without their graphs. They share the network's memory.
tensor_file::NamedTensors state_of(const Model& network);

}  // namespace hfc::model
