// Memory for the parts of a split, used again from call to call.
#pragma once

#include <ATen/core/Tensor.h>

namespace hfc::frequency {

/// An uninitialised float32 CPU tensor of x's shape. A split writes several times its input, and
/// mapping fresh zeroed pages for that took up to as long again as the split itself (1000 images of
/// 32 px: 10 to 20 ms a call instead of 9). So freed outputs are kept, up to 256 MB, for the next
/// call that asks for the same size.
at::Tensor empty_output(const at::Tensor& x);

}  // namespace hfc::frequency
