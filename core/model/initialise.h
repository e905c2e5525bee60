// How the weights of a new network are drawn.
#pragma once

#include "model/model.h"

#include <cstdint>
#include <string>
#include <vector>

namespace hfc::model {

/// The names for ModelOptions::initialisation:
///
/// - xavier: uniform in +- sqrt(6 / (fan_in + fan_out)) for every weight with two or more
///   dimensions; biases are 0.
/// - tensorflow: the same, but the last linear layer is uniform in +- sqrt(3 / inputs)
///   (tf.uniform_unit_scaling_initializer).
/// - torchvision: convolutions are normal with variance 2 / (outputs k k), and their biases are 0.
///   For grey images, the first convolution and its bias are uniform in +- 1 / sqrt(inputs k k), as
///   in torch.nn.Conv2d, because torchvision has no such layer. Linear layers and their biases are
///   uniform in +- 1 / sqrt(inputs); in VGG, they are normal with standard deviation .01, and their
///   biases are 0.
const std::vector<std::string>& known_initialisations();

/// Draws all weights. A weight depends only on the seed and on its name, so an option that adds
/// layers does not change the values of the other weights. Throws Error for an unknown name.
void initialise(Model& model, const std::string& initialisation, uint64_t seed);

}  // namespace hfc::model
