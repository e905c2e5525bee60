// torch.optim: reading optimizers' settings.
#pragma once

#include "bindings/runtime/call.h"
#include "train/optimizer.h"

namespace hfc::lua {

/// Reads the settings that the optimizer has into `optimizer`, `betas = {0.9, 0.999}` included;
/// what is not given stays.
void read_optimizer_options(Options& options, train::OptimizerOptions& optimizer);

}  // namespace hfc::lua
