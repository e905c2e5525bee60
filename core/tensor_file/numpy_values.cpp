// NumPy's arrays and scalars within pickles.
#include "tensor_file/dtype.h"
#include "tensor_file/format.h"
#include "tensor_file/python_values.h"

#include <ATen/Functions.h>
#include <fmt/ranges.h>

#include <cstring>

namespace hfc::tensor_file {
namespace {

using pickle::Object;
using pickle::Sequence;
using pickle::Value;

/// The approximate memory that a tensor needs besides its elements. It is counted so that many
/// small arrays cannot use a lot of memory.
constexpr uint64_t array_bytes = 256;

struct Format {
    const Dtype* dtype;
    bool big_endian;
};

/// Reads numpy.dtype("f8", False, True) with the state (3, "<", ...).
std::optional<Format> format_of(const Value& value) {
    const auto* const object = value.get<Object>();
    if (object == nullptr || object->arguments == nullptr || object->arguments->items.empty() ||
        type_name(*object) != "numpy.dtype") {
        return std::nullopt;
    }
    const auto* const name = object->arguments->items[0]->get<std::string>();
    const auto* const dtype = name == nullptr ? nullptr : find_dtype(&Dtype::npy, *name);
    if (dtype == nullptr) {
        return std::nullopt;
    }
    const auto* const state = object->state == nullptr ? nullptr : object->state->get<Sequence>();
    const auto* const order =
        state == nullptr || state->items.size() < 2 ? nullptr : state->items[1]->get<std::string>();
    return Format{dtype, order != nullptr && *order == ">"};
}

std::optional<std::vector<int64_t>> shape_of(const Value& value) {
    const auto* const sequence = value.get<Sequence>();
    if (sequence == nullptr) {
        return std::nullopt;
    }
    std::vector<int64_t> shape;
    for (const auto* const item : sequence->items) {
        const auto* const size = item->get<int64_t>();
        if (size == nullptr) {
            return std::nullopt;
        }
        shape.push_back(*size);
    }
    return shape;
}

Tree number_of(const at::Tensor& scalar) {
    const auto type = scalar.scalar_type();
    if (type == at::kBool) {
        return {scalar.item<bool>()};
    }
    const bool large = type == at::kUInt64 &&
                       *static_cast<const uint64_t*>(scalar.const_data_ptr()) > uint64_t{INT64_MAX};
    if (scalar.is_complex() || large) {
        return {scalar};
    }
    if (scalar.is_floating_point()) {
        return {scalar.item<double>()};
    }
    return {scalar.item<int64_t>()};
}

}  // namespace

std::optional<at::Tensor> TreeMaker::array(const Value& data, const Value& shape,
                                           const Value& dtype, bool fortran_order) {
    const auto format = format_of(dtype);
    const auto sizes = shape_of(shape);
    if (!format || !sizes) {
        return std::nullopt;
    }
    const auto content = bytes(data);
    if (!content) {
        return std::nullopt;
    }
    const auto needed = byte_count(*sizes, format->dtype->type);
    expect(needed == content->size(),
           "an array of shape [{}] and dtype {} has {} bytes, expected {}", fmt::join(*sizes, ", "),
           format->dtype->torch, content->size(), needed);
    count_bytes(needed + array_bytes);
    return make_array({*sizes, format->dtype->type, format->big_endian, fortran_order},
                      [&](const at::Tensor& tensor) {
                          if (needed > 0) {
                              std::memcpy(tensor.mutable_data_ptr(), content->data(), needed);
                          }
                      });
}

std::optional<Tree> TreeMaker::numpy(const Object& object, std::string_view type) {
    if (object.arguments == nullptr || !type.starts_with("numpy.")) {
        return std::nullopt;
    }
    const auto& items = object.arguments->items;
    static const Value no_shape{Sequence{{}, true}};
    std::optional<at::Tensor> made;
    if (type.ends_with("core.multiarray.scalar") && items.size() == 2) {
        made = array(*items[1], no_shape, *items[0], false);
        return made ? std::optional(number_of(*made)) : std::nullopt;
    }
    if (type.ends_with("core.numeric._frombuffer") && items.size() == 4) {
        const auto* const order = items[3]->get<std::string>();
        made = array(*items[0], *items[2], *items[1], order != nullptr && *order == "F");
    }
    const auto* const state = object.state == nullptr ? nullptr : object.state->get<Sequence>();
    if (type.ends_with("core.multiarray._reconstruct") && state != nullptr &&
        state->items.size() == 5) {
        const auto* const fortran = state->items[3]->get<bool>();
        made = array(*state->items[4], *state->items[1], *state->items[2],
                     fortran != nullptr && *fortran);
    }
    return made ? std::optional(Tree{*made}) : std::nullopt;
}

}  // namespace hfc::tensor_file
