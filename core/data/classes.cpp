#include "data/classes.h"

#include "base/error.h"

#include <ATen/ATen.h>

namespace hfc::data {

std::vector<at::Tensor> positions_of_classes(const at::Tensor& labels, int64_t classes) {
    require(labels.defined() && labels.scalar_type() == at::kLong && labels.dim() == 1 &&
                labels.is_cpu(),
            "labels must be a one-dimensional int64 CPU tensor");
    const auto given = labels.contiguous();
    const auto count = given.numel();
    const auto* const label = given.const_data_ptr<int64_t>();
    std::vector<int64_t> sizes(static_cast<size_t>(classes), 0);
    for (int64_t i = 0; i < count; ++i) {
        require(0 <= label[i] && label[i] < classes, "labels must be between 0 and {}, got {}",
                classes - 1, label[i]);
        ++sizes[static_cast<size_t>(label[i])];
    }
    std::vector<at::Tensor> positions;
    std::vector<int64_t*> next;
    for (const auto size : sizes) {
        positions.push_back(at::empty({size}, at::kLong));
        next.push_back(positions.back().mutable_data_ptr<int64_t>());
    }
    for (int64_t i = 0; i < count; ++i) {
        *next[static_cast<size_t>(label[i])]++ = i;
    }
    return positions;
}

}  // namespace hfc::data
