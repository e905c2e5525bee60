// Logs a network's first kernels as they change from epoch to epoch.
#pragma once

#include "run/run.h"

#include <ATen/core/Tensor.h>

namespace hfc::smooth {

/// Logs the kernels of a network's first convolution as pictures with Run::image, under the name
/// "kernels" or "kernels SERIES". The first convolution is the first parameter with four
/// dimensions. Zero is grey, and the weight with the largest magnitude is black or white; at most
/// 64 kernels are logged. Kernels with one or three channels are shown unchanged; for others, the
/// mean over the channels is shown. Throws Error for a network without a convolution.
void log_kernels(run::Run& run, const std::string& series,
                 const std::vector<at::Tensor>& parameters, int64_t epoch);

}  // namespace hfc::smooth
