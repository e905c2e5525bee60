// What optimizers keep for each parameter, made when it is first needed.
#pragma once

#include "optim/optimizer.h"

#include <ATen/core/Tensor.h>

namespace hfc::optim {

/// The state `name`, one number for each number of the weight; made of `value` at the first step.
/// It has the weight's layout, dtype and device, also after the weight has been converted. Throws
/// Error if it has another shape.
at::Tensor& filled(Optimizer::State& state, const char* name, const at::Tensor& weight,
                   double value);
/// The same, made of zeros.
at::Tensor& zeros(Optimizer::State& state, const char* name, const at::Tensor& weight);
/// The state `name`, one number for the whole weight, on the CPU; `value` at the first step.
at::Tensor& number_of(Optimizer::State& state, const char* name, double value);
/// The number of steps taken before this one. Only the fused kernels want it on the weights'
/// device; a checkpoint, a state dict or a model that moves may bring it from somewhere else.
at::Tensor& steps_of(Optimizer::State& state, at::Device device);
/// The number of steps taken, including this one.
at::Tensor& count_step(Optimizer::State& state);

}  // namespace hfc::optim
