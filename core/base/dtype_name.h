#pragma once

#include <c10/core/ScalarType.h>

#include <string_view>

namespace hfc {

/// PyTorch's name of a dtype, as scripts write it: "float32".
inline std::string_view dtype_name(c10::ScalarType dtype) {
    return dtype == c10::ScalarType::Undefined ? "undefined" : c10::getDtypeNames(dtype).first;
}

}  // namespace hfc
