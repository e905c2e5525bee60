// Which samples belong to which class.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <vector>

namespace hfc::data {

/// Where each of the classes 0 to classes - 1 stands in `labels` (int64 [N], CPU): int64 positions
/// in ascending order, a tensor a class, empty for a class without a sample. One pass over the
/// labels for any number of classes. Throws Error for a label outside the classes.
std::vector<at::Tensor> positions_of_classes(const at::Tensor& labels, int64_t classes);

}  // namespace hfc::data
