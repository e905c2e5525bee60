// The outputs of a network's layers.
#pragma once

#include "model/measure.h"

namespace hfc::model {

/// Returns the outputs of layers for a data set: one tensor [N, ...] per layer, on the CPU. Runs in
/// evaluation mode without gradients. Throws Error for a layer that the network does not have, and
/// whenever accuracy() does.
std::vector<at::Tensor> features(Model& model, const data::Dataset& dataset,
                                 const std::vector<std::string>& layers,
                                 const Inference::Options& options = {});

}  // namespace hfc::model
