// Stores the pixels of data sets in memory, or in a file if there are too many.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>

namespace hfc::data {

/// Half of the memory that the process may use (the memory of the machine, or the limit of its
/// cgroup). The environment variable HFC_PIXEL_MEMORY, in MB, overrides this value. Throws Error if
/// the variable is not an integer.
uint64_t default_pixel_memory();

/// The part of default_pixel_memory() that is not yet used by tensors from make_pixels().
uint64_t free_pixel_memory();

/// Returns an uninitialised uint8 tensor with these sizes. The tensor is in memory if it and the
/// live tensors that this function has already placed there take up at most `most_in_memory` bytes.
/// Otherwise, it is in an unnamed mapped file in $TMPDIR (or /var/tmp), which the system reads and
/// writes page by page and which disappears with the tensor. Throws Error naming that directory if
/// it has no space.
at::Tensor make_pixels(at::IntArrayRef sizes, uint64_t most_in_memory = default_pixel_memory());

}  // namespace hfc::data
