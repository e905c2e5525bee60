#include "data/checksum.h"

#include "base/error.h"

#include <ATen/ATen.h>

namespace hfc::data {

std::string checksum_of(const at::Tensor& tensor) {
    const auto values = tensor.detach().to(at::kCPU).contiguous();
    Checksum checksum;
    checksum.add({static_cast<const char*>(values.const_data_ptr()), values.nbytes()});
    return fmt::format("{} {}", values.sizes(), checksum.text());
}

}  // namespace hfc::data
