// The states that optimizers keep for each parameter, created when they are first needed.
#pragma once

#include "optim/optimizer.h"

#include <ATen/core/Tensor.h>

namespace hfc::optim {

/// The state `name`, with one number for each element of the weight; filled with `value` at the
/// first step. It has the weight's layout, dtype and device, even if the weight has been converted
/// since. Throws Error if it has a different shape.
at::Tensor& filled(Optimizer::State& state, const char* name, const at::Tensor& weight,
                   double value);
/// The same, filled with zeros.
at::Tensor& zeros(Optimizer::State& state, const char* name, const at::Tensor& weight);
/// The state `name`, one number for the whole weight, on the CPU; `value` at the first step.
at::Tensor& number_of(Optimizer::State& state, const char* name, double value);
/// The number of steps taken before this one. Only the fused kernels need it on the weights'
/// device; after loading a checkpoint or a state dict, or moving the model, it may be elsewhere.
at::Tensor& steps_of(Optimizer::State& state, at::Device device);
/// The number of steps taken, including this one.
at::Tensor& count_step(Optimizer::State& state);

}  // namespace hfc::optim
