// Stores the pixels of data sets in memory, or in a file if there are too many.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>

namespace hfc::data {

/// Half of the memory that the process may use (the memory of the machine, or the limit of its
/// cgroup), or the value of the environment variable HFC_PIXEL_MEMORY in MB. Throws Error if that
/// is not an integer.
uint64_t default_pixel_memory();

/// The part of default_pixel_memory() that tensors from make_pixels() do not use yet.
uint64_t free_pixel_memory();

/// Returns an uninitialised uint8 tensor with these sizes. It is in memory if it and the other live
/// tensors that this function has put there use at most `most_in_memory` bytes in total. Otherwise
/// it is in a mapped file without a name in $TMPDIR (or /var/tmp), which the system reads and
/// writes page by page and which disappears with the tensor. Throws Error naming that directory if
/// it has no space.
at::Tensor make_pixels(at::IntArrayRef sizes, uint64_t most_in_memory = default_pixel_memory());

}  // namespace hfc::data
