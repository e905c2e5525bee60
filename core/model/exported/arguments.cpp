#include "model/exported/scope.h"

#include <ATen/ScalarOps.h>

#include <cmath>
#include <limits>

namespace hfc::model::exported {
namespace {

double number_of(const Json& value) {
    if (value.is_string()) {
        const auto& text = value.get_ref<const std::string&>();
        if (text == "Infinity" || text == "inf") {
            return std::numeric_limits<double>::infinity();
        }
        if (text == "-Infinity" || text == "-inf") {
            return -std::numeric_limits<double>::infinity();
        }
        expect(text == "NaN" || text == "nan", "it contains an invalid number");
        return std::numeric_limits<double>::quiet_NaN();
    }
    expect(value.is_number(), "it contains an invalid number");
    return value.get<double>();
}

at::MemoryFormat memory_format_of(int64_t number) {
    switch (number) {
        case 1:
            return at::MemoryFormat::Contiguous;
        case 2:
            return at::MemoryFormat::ChannelsLast;
        case 3:
            return at::MemoryFormat::ChannelsLast3d;
        case 4:
            return at::MemoryFormat::Preserve;
        default:
            malformed("its memory format {} is unknown", number);
    }
}

/// A number where the operator expects a tensor. As in Python, it does not affect the dtype of the
/// result.
at::Tensor wrapped(const at::Scalar& number) {
    auto tensor = c10::scalar_to_tensor(number);
    tensor.unsafeGetTensorImpl()->set_wrapped_number(true);
    return tensor;
}

class Setter {
  public:
    Setter(Node& node, size_t position, const c10::Argument& argument, const Scope& scope)
        : node_(node), position_(position), argument_(argument), scope_(scope) {}

    void set(std::string kind, const Json& value) {
        if (kind == "as_optional_tensor") {
            const auto [inner, inner_value] = only_member(value);
            return set(inner, inner_value);
        }
        auto type = argument_.real_type();
        bool optional = false;
        if (const auto of = type->cast<c10::OptionalType>()) {
            type = of->getElementType();
            optional = true;
        }
        if (kind == "as_none") {
            expect(optional || type->kind() == c10::TypeKind::TensorType, "'{}' is missing",
                   argument_.name());
            constant(c10::IValue());
        } else if (const auto list = type->cast<c10::ListType>()) {
            set_list(list->getElementType(), kind, value);
        } else {
            set_one(type->kind(), kind, value);
        }
    }

  private:
    [[noreturn]] void wrong(const std::string& kind) const {
        malformed("'{}' must be {}, got '{}'", argument_.name(), argument_.real_type()->str(),
                  kind);
    }
    void constant(c10::IValue value) { node_.arguments[position_] = std::move(value); }
    void patch(Patch::Kind kind, std::vector<Element> elements) {
        node_.patches.push_back({position_, kind, std::move(elements)});
    }
    void from_slot(const Json& value, Kind wanted) {
        const auto& name = text_member(value, value.contains("name") ? "name" : "as_name");
        const auto& found = scope_.find(name);
        expect(found.kind == wanted, "'{}' has a type that the argument '{}' does not accept", name,
               argument_.name());
        patch(Patch::Kind::value, {{found.slot, {}}});
    }

    void set_one(c10::TypeKind type, const std::string& kind, const Json& value) {
        switch (type) {
            case c10::TypeKind::TensorType:
                return set_tensor(kind, value);
            case c10::TypeKind::IntType:
            case c10::TypeKind::SymIntType:
                return set_integer(kind, value);
            case c10::TypeKind::FloatType:
                return kind == "as_int" || kind == "as_float" ? constant(number_of(value))
                                                              : wrong(kind);
            case c10::TypeKind::NumberType:
                return set_number(kind, value);
            case c10::TypeKind::BoolType:
            case c10::TypeKind::SymBoolType:
                return set_boolean(kind, value);
            case c10::TypeKind::StringType:
                expect(kind == "as_string" && value.is_string() &&
                           value.get_ref<const std::string&>().size() < 1000,
                       "'{}' must be a string shorter than 1000 bytes", argument_.name());
                return constant(value.get<std::string>());
            case c10::TypeKind::DeviceObjType:
                return kind == "as_device" ? patch(Patch::Kind::device, {}) : wrong(kind);
            case c10::TypeKind::ScalarTypeType:
                return kind == "as_scalar_type" ? constant(scalar_type_of(integer_of(value)))
                                                : wrong(kind);
            case c10::TypeKind::MemoryFormatType:
                return kind == "as_memory_format" ? constant(memory_format_of(integer_of(value)))
                                                  : wrong(kind);
            case c10::TypeKind::LayoutType:
                expect(kind == "as_layout" && integer_of(value) == 7,
                       "'{}' must be the strided layout", argument_.name());
                return constant(at::kStrided);
            default:
                wrong(kind);
        }
    }

    void set_tensor(const std::string& kind, const Json& value) {
        if (kind == "as_tensor") {
            return from_slot(value, Kind::tensor);
        }
        if (kind == "as_int") {
            return constant(wrapped(integer_of(value)));
        }
        if (kind == "as_float") {
            return constant(wrapped(number_of(value)));
        }
        if (kind == "as_bool" && value.is_boolean()) {
            return constant(wrapped(value.get<bool>()));
        }
        wrong(kind);
    }

    void set_integer(const std::string& kind, const Json& value) {
        if (kind == "as_int") {
            return constant(integer_of(value));
        }
        if (kind == "as_sym_int") {
            return set_size(value);
        }
        wrong(kind);
    }

    void set_size(const Json& value) {
        auto element = size_element(value, scope_);
        if (element.slot < 0) {
            constant(std::move(element.constant));
        } else {
            patch(Patch::Kind::value, {std::move(element)});
        }
    }

    void set_number(const std::string& kind, const Json& value) {
        if (kind == "as_float") {
            return constant(number_of(value));
        }
        if (kind == "as_bool" && value.is_boolean()) {
            return constant(value.get<bool>());
        }
        set_integer(kind, value);
    }

    void set_boolean(const std::string& kind, const Json& value) {
        if (kind == "as_bool") {
            expect(value.is_boolean(), "'{}' must be true or false", argument_.name());
            return constant(value.get<bool>());
        }
        if (kind == "as_sym_bool") {
            const auto [inner, inner_value] = only_member(value);
            return inner == "as_bool" ? set_boolean(inner, inner_value)
                                      : from_slot(value, Kind::boolean);
        }
        wrong(kind);
    }

    void set_list(const c10::TypePtr& type, const std::string& kind, const Json& value) {
        switch (type->kind()) {
            case c10::TypeKind::TensorType:
            case c10::TypeKind::OptionalType:
                return set_tensors(type->kind() == c10::TypeKind::OptionalType, kind, value);
            case c10::TypeKind::IntType:
            case c10::TypeKind::SymIntType:
                return set_integers(kind, value);
            case c10::TypeKind::FloatType: {
                expect(kind == "as_floats" && value.is_array(), "'{}' must be a list of numbers",
                       argument_.name());
                c10::List<double> list;
                for (const auto& item : value) {
                    list.push_back(number_of(item));
                }
                return constant(list);
            }
            case c10::TypeKind::BoolType: {
                expect(kind == "as_bools" && value.is_array(), "'{}' must be a list of booleans",
                       argument_.name());
                c10::List<bool> list;
                for (const auto& item : value) {
                    expect(item.is_boolean(), "'{}' must be a list of booleans", argument_.name());
                    list.push_back(item.get<bool>());
                }
                return constant(list);
            }
            default:
                wrong(kind);
        }
    }

    void set_tensors(bool may_be_none, const std::string& kind, const Json& value) {
        expect((kind == "as_tensors" || (may_be_none && kind == "as_optional_tensors")) &&
                   value.is_array(),
               "'{}' must be a list of tensors", argument_.name());
        std::vector<Element> elements;
        for (const auto& item : value) {
            if (kind == "as_tensors") {
                elements.push_back({scope_.find_tensor(text_member(item, "name")), {}});
            } else {
                const auto [inner, inner_value] = only_member(item);
                elements.push_back(
                    {inner == "as_none" ? -1 : scope_.find_tensor(text_member(inner_value, "name")),
                     {}});
            }
        }
        patch(may_be_none ? Patch::Kind::optional_tensors : Patch::Kind::tensors,
              std::move(elements));
    }

    void set_integers(const std::string& kind, const Json& value) {
        std::vector<Element> elements;
        if ((kind == "as_int" || kind == "as_sym_int") && argument_.N()) {
            elements.assign(static_cast<size_t>(*argument_.N()), size_element(value, scope_));
        } else {
            expect((kind == "as_ints" || kind == "as_sym_ints") && value.is_array(),
                   "'{}' must be a list of integers, got '{}'", argument_.name(), kind);
            for (const auto& item : value) {
                elements.push_back(size_element(item, scope_));
            }
        }
        c10::List<int64_t> list;
        bool constant_list = true;
        for (const auto& element : elements) {
            constant_list = constant_list && element.slot < 0;
            list.push_back(element.slot < 0 ? element.constant.toInt() : 0);
        }
        if (constant_list) {
            constant(list);
        } else {
            patch(Patch::Kind::integers, std::move(elements));
        }
    }

    Node& node_;
    size_t position_;
    const c10::Argument& argument_;
    const Scope& scope_;
};

}  // namespace

void set_argument(Node& node, size_t position, const c10::Argument& argument, const Json& given,
                  const Scope& scope) {
    const auto [kind, value] = only_member(given);
    Setter(node, position, argument, scope).set(kind, value);
}

}  // namespace hfc::model::exported
