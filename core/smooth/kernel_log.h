// A network's first kernels as they change from epoch to epoch.
#pragma once

#include "run/run.h"

#include <ATen/core/Tensor.h>

namespace hfc::smooth {

/// Logs the kernels of a network's first convolution, the first of its parameters with four
/// dimensions, as pictures, as Run::image "kernels" or "kernels SERIES": grey is 0, and the largest
/// weight black or white; 64 at most. Kernels of one or three channels are shown as they are, of
/// others the mean over the channels. Throws Error for a network without a convolution.
void log_kernels(run::Run& run, const std::string& series,
                 const std::vector<at::Tensor>& parameters, int64_t epoch);

}  // namespace hfc::smooth
