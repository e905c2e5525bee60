#include "tensor_file/dtype.h"

#include "tensor_file/format.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <array>

namespace hfc::tensor_file {
namespace {

constexpr std::array<Dtype, 21> all = {{
    {at::kDouble, "float64", "F64", "f8", "DoubleStorage"},
    {at::kFloat, "float32", "F32", "f4", "FloatStorage"},
    {at::kHalf, "float16", "F16", "f2", "HalfStorage"},
    {at::kBFloat16, "bfloat16", "BF16", "", "BFloat16Storage"},
    {at::kLong, "int64", "I64", "i8", "LongStorage"},
    {at::kInt, "int32", "I32", "i4", "IntStorage"},
    {at::kShort, "int16", "I16", "i2", "ShortStorage"},
    {at::kChar, "int8", "I8", "i1", "CharStorage"},
    {at::kByte, "uint8", "U8", "u1", "ByteStorage"},
    {at::kBool, "bool", "BOOL", "b1", "BoolStorage"},
    {at::kUInt64, "uint64", "U64", "u8", ""},
    {at::kUInt32, "uint32", "U32", "u4", ""},
    {at::kUInt16, "uint16", "U16", "u2", ""},
    {at::kFloat8_e4m3fn, "float8_e4m3fn", "F8_E4M3", "", ""},
    {at::kFloat8_e5m2, "float8_e5m2", "F8_E5M2", "", ""},
    {at::kFloat8_e4m3fnuz, "float8_e4m3fnuz", "F8_E4M3FNUZ", "", ""},
    {at::kFloat8_e5m2fnuz, "float8_e5m2fnuz", "F8_E5M2FNUZ", "", ""},
    {at::kFloat8_e8m0fnu, "float8_e8m0fnu", "F8_E8M0", "", ""},
    // Two numbers per byte: safetensors counts the numbers, PyTorch the bytes.
    {at::kFloat4_e2m1fn_x2, "float4_e2m1fn_x2", "F4", "", ""},
    {at::kComplexDouble, "complex128", "", "c16", "ComplexDoubleStorage"},
    {at::kComplexFloat, "complex64", "C64", "c8", "ComplexFloatStorage"},
}};

}  // namespace

std::span<const Dtype> dtypes() {
    return all;
}

const Dtype* find_dtype(std::string_view Dtype::*format, std::string_view name) {
    const auto found = std::find_if(all.begin(), all.end(), [&](const Dtype& dtype) {
        return !name.empty() && dtype.*format == name;
    });
    return found == all.end() ? nullptr : &*found;
}

const Dtype* find_dtype(at::ScalarType type) {
    const auto found = std::find_if(all.begin(), all.end(),
                                    [&](const Dtype& dtype) { return dtype.type == type; });
    return found == all.end() ? nullptr : &*found;
}

std::string dtype_names(std::string_view Dtype::*format) {
    std::string names;
    for (const auto& dtype : all) {
        if (!(dtype.*format).empty()) {
            names += names.empty() ? "" : ", ";
            names += dtype.*format;
        }
    }
    return names;
}

uint64_t byte_count(at::IntArrayRef shape, at::ScalarType type) {
    expect(shape.size() <= most_dimensions, "a tensor has {} dimensions, expected at most {}",
           shape.size(), most_dimensions);
    auto product = static_cast<int64_t>(c10::elementSize(type));
    bool empty = false;
    for (const auto size : shape) {
        expect(size >= 0, "a tensor has negative size {}", size);
        empty = empty || size == 0;
        // A size of 0 counts as 1, because the strides of an empty tensor must fit too.
        expect(!__builtin_mul_overflow(product, std::max<int64_t>(size, 1), &product),
               "the shape [{}] overflows", fmt::join(shape, ", "));
    }
    return empty ? 0 : static_cast<uint64_t>(product);
}

void normalize_booleans(const at::Tensor& contiguous) {
    if (contiguous.scalar_type() == at::kBool) {
        const auto bytes = static_cast<unsigned char*>(contiguous.mutable_data_ptr());
        std::transform(bytes, bytes + contiguous.nbytes(), bytes,
                       [](unsigned char byte) { return byte != 0; });
    }
}

}  // namespace hfc::tensor_file
