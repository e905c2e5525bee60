// How the weights of a new network are drawn.
#pragma once

#include "model/model.h"

#include <cstdint>
#include <string>
#include <vector>

namespace hfc::model {

/// The names for ModelOptions::initialisation:
///
/// - xavier: +- sqrt(6 / (fan_in + fan_out)), uniform, for every weight with two or more
///   dimensions; biases are 0.
/// - tensorflow: the same, but the last linear layer is +- sqrt(3 / inputs), uniform
///   (tf.uniform_unit_scaling_initializer).
/// - torchvision: convolutions are normal with variance 2 / (outputs k k), with biases 0. A first
///   convolution of grey images is +- 1 / sqrt(inputs k k), uniform, like its bias, because
///   torchvision has no such layer and torch.nn.Conv2d draws it in this way. Linear layers and
///   their biases are +- 1 / sqrt(inputs), uniform; in VGG, normal with standard deviation .01,
///   with biases 0.
const std::vector<std::string>& known_initialisations();

/// Draws all weights. A weight depends only on the seed and on its name, so an option that adds
/// layers does not change the values of the other weights. Throws Error for an unknown name.
void initialise(Model& model, const std::string& initialisation, uint64_t seed);

}  // namespace hfc::model
