#pragma once

#include <c10/core/ScalarType.h>

#include <string>

namespace hfc {

/// PyTorch's name of a dtype, as scripts write it: "float32".
inline std::string dtype_name(c10::ScalarType dtype) {
    return dtype == c10::ScalarType::Undefined ? "undefined"
                                               : std::string(c10::getDtypeNames(dtype).first);
}

}  // namespace hfc
