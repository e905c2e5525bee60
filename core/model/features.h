// What the layers of a network give.
#pragma once

#include "model/measure.h"

namespace hfc::model {

/// What layers give for a data set: for each of them [N, ...] on the CPU. Evaluation mode, no
/// gradients. Throws Error for a layer that the network lacks, and as accuracy() does.
std::vector<at::Tensor> features(Model& model, const data::Dataset& dataset,
                                 const std::vector<std::string>& layers,
                                 const Inference::Options& options = {});

}  // namespace hfc::model
