// hfc.train's option log_kernels.
#pragma once

#include "model/model.h"
#include "run/run.h"

namespace hfc::lua {

/// Logs the kernels of the network's first convolution as pictures, as Run::image "kernels" or "kernels SERIES": grey is 0, and the largest
/// weight black or white; 64 at most. Kernels of one or three channels are shown as they are, of others the mean over the channels. Throws
/// Error for a network without a convolution.
void log_kernels(run::Run& run, const std::string& series, const model::Model& model, int64_t epoch);

}  // namespace hfc::lua
