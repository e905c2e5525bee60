// Where the pixels of a data set lie: in memory, or in a file where they are too many.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>

namespace hfc::data {

/// Half of the memory that the process may use (of the machine, or of its cgroup), or the
/// environment's HFC_PIXEL_MEMORY in MB. Throws Error where that is not a whole number.
uint64_t default_pixel_memory();

/// What is left of default_pixel_memory() for tensors of make_pixels().
uint64_t free_pixel_memory();

/// A uint8 tensor of these sizes, its content not set. In memory as long as all tensors made here
/// that are alive have together at most `most_in_memory` bytes there. Else it is a mapped file
/// without a name in $TMPDIR (else /var/tmp), which the system reads and writes page by page and
/// which goes with the tensor. Throws Error naming that folder where it has no room.
at::Tensor make_pixels(at::IntArrayRef sizes, uint64_t most_in_memory = default_pixel_memory());

}  // namespace hfc::data
