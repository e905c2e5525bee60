// Memory of large tensors that is used again.
#pragma once

#include <ATen/core/Tensor.h>

namespace hfc {

/// An uninitialised CPU tensor. Mapping fresh zeroed pages for a large one takes as long as writing
/// it: the split of 1000 images of 32 px took 20 ms a call instead of 9. So memory of freed tensors
/// is kept, up to 256 MB, for the next one of the same number of bytes.
at::Tensor empty_kept(at::IntArrayRef sizes, at::ScalarType dtype);

}  // namespace hfc
