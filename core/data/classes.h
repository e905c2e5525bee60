// Which samples belong to which class.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <vector>

namespace hfc::data {

/// Returns the positions at which each of the classes 0 to classes - 1 occurs in `labels` (int64
/// [N], CPU): one int64 tensor per class, in ascending order, empty for a class without samples.
/// Makes a single pass over the labels. Throws Error for a label that is not one of the classes.
std::vector<at::Tensor> positions_of_classes(const at::Tensor& labels, int64_t classes);

}  // namespace hfc::data
