// Optimizers of TensorFlow 1 (tf.train) whose rules differ from PyTorch's.
#pragma once

#include "optim/optimizer.h"

#include <memory>
#include <vector>

namespace hfc::optim {

/// Adam as written at the end of section 2 of Kingma and Ba (2015), where eps is called "epsilon
/// hat": m = beta1 m + (1 - beta1) g; v = beta2 v + (1 - beta2) g^2; w = w - lr sqrt(1 -
/// beta2^step) / (1 - beta1^step) m / (sqrt(v) + eps). For the same update, PyTorch's eps must be
/// larger by a factor of 1 / sqrt(1 - beta2^step).
std::unique_ptr<Optimizer> make_tensorflow_adam(std::vector<ParameterGroup> groups);

/// s = alpha s + (1 - alpha) g^2, starting at 1 (PyTorch: 0); v = momentum v + lr g / sqrt(s + eps)
/// (PyTorch: sqrt(s) + eps); w = w - v.
std::unique_ptr<Optimizer> make_tensorflow_rmsprop(std::vector<ParameterGroup> groups);

}  // namespace hfc::optim
