#include "bindings/torch/convert.h"

#include "base/device.h"
#include "bindings/torch/numbers.h"
#include "bindings/torch/tensor.h"

#include <ATen/ScalarOps.h>

#include <cmath>

namespace hfc::lua {
namespace {

using c10::IValue;
using c10::TypeKind;
using Result = std::optional<IValue>;

Result to_tensor_value(lua_State* L, int index, bool numbers_as_tensors) {
    if (const at::Tensor* tensor = to_tensor(L, index)) {
        return IValue(*tensor);
    }
    if (!numbers_as_tensors) {
        return std::nullopt;
    }
    auto tensor = to_number_tensor(L, index);
    return tensor ? Result(IValue(std::move(*tensor))) : std::nullopt;
}

std::optional<double> to_double(lua_State* L, int index) {
    if (lua_type(L, index) == LUA_TNUMBER) {
        return lua_tonumber(L, index);
    }
    const auto whole = to_integer(L, index);
    return whole ? std::optional(static_cast<double>(*whole)) : std::nullopt;
}

/// Whether a table has elements beyond its length because the list has a hole: {x, nil, y}. A hole
/// at the very end cannot be detected.
bool has_more(lua_State* L, int index, size_t length) {
    if (length == 0) {
        lua_pushnil(L);
    } else {
        lua_pushnumber(L, static_cast<double>(length));
    }
    if (lua_next(L, index) == 0) {
        return false;
    }
    lua_pop(L, 2);
    return true;
}

/// Reads a Lua list element by element. If `list_length` is given, a single value stands for all
/// elements.
template <typename Element, typename Read>
std::optional<c10::List<Element>> to_list(lua_State* L, int index, c10::List<Element> list,
                                          std::optional<int> list_length, Read&& read) {
    if (!lua_istable(L, index)) {
        auto single = list_length ? read(index) : std::nullopt;
        if (!single) {
            return std::nullopt;
        }
        for (int i = 0; i < *list_length; ++i) {
            list.push_back(*single);
        }
        return list;
    }
    const size_t length = lua_objlen(L, index);
    for (size_t i = 1; i <= length; ++i) {
        lua_rawgeti(L, index, static_cast<int>(i));
        auto element = read(lua_gettop(L));
        lua_pop(L, 1);
        if (!element) {
            return std::nullopt;
        }
        list.push_back(*element);
    }
    return has_more(L, index, length) ? std::nullopt : std::optional(list);
}

template <typename Element>
Result as_value(std::optional<c10::List<Element>> list) {
    return list ? Result(IValue(std::move(*list))) : std::nullopt;
}

Result to_list_value(lua_State* L, int index, const c10::Type& element,
                     std::optional<int> list_length) {
    switch (element.kind()) {
        case TypeKind::IntType:
        case TypeKind::SymIntType:
            return as_value(to_list(L, index, c10::List<int64_t>(), list_length,
                                    [&](int i) { return to_integer(L, i); }));
        case TypeKind::FloatType:
            return as_value(to_list(L, index, c10::List<double>(), list_length,
                                    [&](int i) { return to_double(L, i); }));
        case TypeKind::BoolType:
            return as_value(to_list(L, index, c10::List<bool>(), list_length, [&](int i) {
                return lua_isboolean(L, i) ? std::optional(lua_toboolean(L, i) != 0) : std::nullopt;
            }));
        case TypeKind::TensorType:
            return as_value(to_list(L, index, c10::List<at::Tensor>(), std::nullopt, [&](int i) {
                const at::Tensor* tensor = to_tensor(L, i);
                return tensor != nullptr ? std::optional(*tensor) : std::nullopt;
            }));
        case TypeKind::NumberType:
            return as_value(to_list(L, index, c10::List<at::Scalar>(), std::nullopt,
                                    [&](int i) { return to_scalar(L, i); }));
        case TypeKind::OptionalType: {
            using Element = std::optional<at::Tensor>;
            return as_value(to_list(
                L, index, c10::List<Element>(), std::nullopt, [&](int i) -> std::optional<Element> {
                    if (is_none(L, i)) {
                        return Element(std::nullopt);
                    }
                    const at::Tensor* tensor = to_tensor(L, i);
                    return tensor != nullptr ? std::optional<Element>(Element(*tensor))
                                             : std::nullopt;
                }));
        }
        default:
            return std::nullopt;
    }
}

constexpr std::pair<const char*, at::MemoryFormat> memory_formats[] = {
    {"contiguous_format", at::MemoryFormat::Contiguous},
    {"channels_last", at::MemoryFormat::ChannelsLast},
    {"channels_last_3d", at::MemoryFormat::ChannelsLast3d},
    {"preserve_format", at::MemoryFormat::Preserve},
};

std::optional<at::MemoryFormat> find_memory_format(const std::string& name) {
    for (const auto& [text, format] : memory_formats) {
        if (name == text) {
            return format;
        }
    }
    return std::nullopt;
}

/// dtypes, devices, layouts and memory formats are given by name.
Result to_named_value(const std::string& name, TypeKind kind) {
    if (kind == TypeKind::ScalarTypeType) {
        const auto dtype = find_dtype(name);
        return dtype ? Result(IValue(static_cast<int64_t>(*dtype))) : std::nullopt;
    }
    if (kind == TypeKind::DeviceObjType) {
        const bool looks_like_device =
            name == "cpu" || name == "auto" || name.starts_with("cuda") || name == "meta";
        return !looks_like_device
                   ? std::nullopt
                   : Result(IValue(name == "meta" ? at::Device(at::kMeta) : parse_device(name)));
    }
    if (kind == TypeKind::MemoryFormatType) {
        const auto format = find_memory_format(name);
        return format ? Result(IValue(static_cast<int64_t>(*format))) : std::nullopt;
    }
    if (kind == TypeKind::LayoutType) {
        const auto layout = find_layout(name);
        return layout ? Result(IValue(static_cast<int64_t>(*layout))) : std::nullopt;
    }
    return std::nullopt;
}

}  // namespace

std::optional<at::Tensor> to_number_tensor(lua_State* L, int index) {
    const auto scalar = to_scalar(L, index);
    if (!scalar) {
        return std::nullopt;
    }
    at::Tensor tensor = c10::scalar_to_tensor(*scalar);
    tensor.unsafeGetTensorImpl()->set_wrapped_number(true);
    return tensor;
}

std::optional<IValue> to_ivalue(lua_State* L, int index, const c10::Type& type,
                                std::optional<int> list_length, bool numbers_as_tensors) {
    switch (type.kind()) {
        case TypeKind::OptionalType:
            if (is_none(L, index)) {
                return IValue();
            }
            return to_ivalue(L, index, *type.castRaw<c10::OptionalType>()->getElementType(),
                             list_length, numbers_as_tensors);
        case TypeKind::TensorType:
            return to_tensor_value(L, index, numbers_as_tensors);
        case TypeKind::ListType:
            return to_list_value(L, index, *type.castRaw<c10::ListType>()->getElementType(),
                                 list_length);
        case TypeKind::NumberType: {
            const auto scalar = to_scalar(L, index);
            return scalar ? Result(IValue(*scalar)) : std::nullopt;
        }
        case TypeKind::IntType:
        case TypeKind::SymIntType: {
            const auto whole = to_integer(L, index);
            return whole ? Result(IValue(*whole)) : std::nullopt;
        }
        case TypeKind::FloatType: {
            const auto number = to_double(L, index);
            return number ? Result(IValue(*number)) : std::nullopt;
        }
        case TypeKind::BoolType:
            return lua_isboolean(L, index) ? Result(IValue(lua_toboolean(L, index) != 0))
                                           : std::nullopt;
        case TypeKind::GeneratorType: {
            const auto* generator = to_object<at::Generator>(L, index);
            return generator != nullptr ? Result(IValue(*generator)) : std::nullopt;
        }
        default:
            break;
    }
    if (lua_type(L, index) != LUA_TSTRING) {
        return std::nullopt;
    }
    const std::string text = lua_tostring(L, index);
    return type.kind() == TypeKind::StringType ? Result(IValue(text))
                                               : to_named_value(text, type.kind());
}

void push_ivalue(lua_State* L, const IValue& value) {
    if (value.isTensor()) {
        push(L, value.toTensor());
    } else if (value.isNone()) {
        lua_pushnil(L);
    } else if (value.isBool()) {
        push(L, value.toBool());
    } else if (value.isInt()) {
        push_scalar(L, value.toInt());
    } else if (value.isDouble()) {
        push(L, value.toDouble());
    } else if (value.isScalar()) {
        push_scalar(L, value.toScalar());
    } else if (value.isString()) {
        push(L, value.toStringRef());
    } else if (value.isDevice()) {
        push(L, value.toDevice().str());
    } else if (value.isList() || value.isTuple()) {
        const auto elements =
            value.isTuple() ? value.toTupleRef().elements().vec() : value.toListRef().vec();
        lua_createtable(L, static_cast<int>(elements.size()), 0);
        for (size_t i = 0; i < elements.size(); ++i) {
            push_ivalue(L, elements[i]);
            lua_rawseti(L, -2, static_cast<int>(i) + 1);
        }
    } else {
        fail("Lua cannot represent a result of type {}", value.tagKind());
    }
}

at::MemoryFormat parse_memory_format(const std::string& name) {
    const auto format = find_memory_format(name);
    require(format.has_value(),
            "unknown memory format '{}': expected contiguous_format, channels_last, "
            "channels_last_3d or preserve_format",
            name);
    return *format;
}

}  // namespace hfc::lua
