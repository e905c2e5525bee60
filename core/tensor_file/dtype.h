// The dtypes of the file formats, and a check of the shape given in a file.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace hfc::tensor_file {

/// A dtype and its name in each format; "" if a format does not support it.
struct Dtype {
    at::ScalarType type;
    std::string_view torch;        ///< torch.float32 is "float32"
    std::string_view safetensors;  ///< "F32"
    std::string_view npy;      ///< the kind and the number of bytes, without the byte order: "f4"
    std::string_view storage;  ///< PyTorch's class of storages: "FloatStorage"
};

std::span<const Dtype> dtypes();

/// The dtype that a format calls `name`, or nullptr: find_dtype(&Dtype::npy, "f4").
const Dtype* find_dtype(std::string_view Dtype::*format, std::string_view name);
const Dtype* find_dtype(at::ScalarType type);

/// All names of one format, for error messages: "F64, F32, ...".
std::string dtype_names(std::string_view Dtype::*format);

/// The largest number of dimensions that LibTorch's operators accept.
inline constexpr size_t most_dimensions = 64;

/// The number of bytes of a tensor. Throws Malformed for more than 64 dimensions, a negative size,
/// and a product that needs more than 63 bits.
uint64_t byte_count(at::IntArrayRef shape, at::ScalarType type);

/// Makes every byte of a boolean tensor 0 or 1, as C++ requires; other dtypes do not change.
void normalize_booleans(const at::Tensor& contiguous);

}  // namespace hfc::tensor_file
