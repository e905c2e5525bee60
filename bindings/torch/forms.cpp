#include "bindings/torch/forms.h"

#include "bindings/torch/argument_checks.h"
#include "bindings/torch/operators.h"
#include "bindings/torch/refused.h"

#include <algorithm>
#include <unordered_map>
#include <unordered_set>

namespace hfc::lua {
namespace {

using OverloadNames = std::unordered_map<std::string, std::vector<std::string>>;

/// The dispatcher's ATen operators: name -> overload names. Read once, at the first use of an
/// operator.
const OverloadNames& overload_names() {
    static const OverloadNames names = [] {
        OverloadNames all;
        for (const auto& operator_name : c10::Dispatcher::singleton().getAllOpNames()) {
            if (operator_name.name.starts_with("aten::")) {
                all[operator_name.name.substr(6)].push_back(operator_name.overload_name);
            }
        }
        return all;
    }();
    return names;
}

/// Whether a newer schema with the same name has replaced this one: the old aten::stft has no
/// `center`.
bool is_outdated(const c10::FunctionSchema& schema) {
    return schema.name() == "aten::stft" && schema.overload_name().empty();
}

/// The order in which forms are tried: the plain form first, tensors before numbers (as in the
/// argument parser of Python's PyTorch), and forms with `out` last.
int rank(const c10::OperatorHandle& handle) {
    const auto& schema = handle.schema();
    const auto& overload = schema.overload_name();
    const auto is_out = [](const c10::Argument& argument) { return argument.is_out(); };
    const bool has_out = std::any_of(schema.arguments().begin(), schema.arguments().end(), is_out);
    return (has_out || is_outdated(schema) ? 100 : 0) + (overload.empty()                 ? 0
                                                         : overload.starts_with("Tensor") ? 1
                                                         : overload.starts_with("Scalar") ? 2
                                                                                          : 3);
}

/// Whether torch.zeros(2, 3) means torch.zeros({2, 3}).
bool spreads(const c10::Argument& argument) {
    const auto& type = *argument.real_type();
    if (type.kind() != c10::TypeKind::ListType || argument.N()) {
        return false;
    }
    const auto element = type.castRaw<c10::ListType>()->getElementType()->kind();
    return element == c10::TypeKind::IntType || element == c10::TypeKind::SymIntType;
}

/// Whether torch.meshgrid(x, y) means torch.meshgrid({x, y}). For cat, stack and similar operators
/// it does not, because their second argument is a dimension.
bool takes_row_of_tensors(const std::string& name) {
    static const std::unordered_set<std::string> names = {
        "aten::meshgrid",      "aten::block_diag",     "aten::broadcast_tensors",
        "aten::atleast_1d",    "aten::atleast_2d",     "aten::atleast_3d",
        "aten::align_tensors", "aten::cartesian_prod", "aten::chain_matmul",
    };
    return names.contains(name);
}

/// Whether the operator treats integers as floating-point numbers (Lua does not distinguish 1.0
/// from 1). If so, full, scalar_tensor and `where` with two numbers use the default dtype unless a
/// dtype is given, and operators that fill a tensor check the range of its dtype.
bool makes_floats(const c10::FunctionSchema& schema) {
    static const std::unordered_set<std::string> names = {"aten::full",     "aten::full_like",
                                                          "aten::new_full", "aten::fill",
                                                          "aten::fill_",    "aten::scalar_tensor"};
    return names.contains(schema.name()) ||
           (schema.name() == "aten::where" && schema.overload_name() == "Scalar");
}

/// The names that Python's argument parser accepts in addition to the schema's name.
std::vector<const char*> find_aliases(const c10::FunctionSchema& schema, const std::string& name) {
    std::vector<const char*> aliases;
    const auto add = [&](const char* alias) {
        if (!schema.argumentIndexWithName(alias)) {
            aliases.push_back(alias);
        }
    };
    if (name == "self") {
        for (const char* alias : {"input", "x", "a", "x1", "tensor"}) {
            add(alias);
        }
    } else if (name == "other") {
        add("x2");
    } else if (name == "dim") {
        add("axis");
    } else if (name == "keepdim") {
        add("keepdims");
    }
    return aliases;
}

Form make_form(const c10::OperatorHandle& handle) {
    Form form = {.handle = handle, .parameters = {}};
    const auto& schema = handle.schema();
    form.row_of_tensors = takes_row_of_tensors(schema.name());
    form.float_numbers = makes_floats(schema);
    form.returns_dtype = schema.returns().size() == 1 &&
                         schema.returns()[0].real_type()->kind() == c10::TypeKind::ScalarTypeType;
    const bool takes_names = schema.overload_name().find("name") != std::string::npos;
    for (const auto& argument : schema.arguments()) {
        const bool is_text = argument.type()->kind() == c10::TypeKind::StringType;
        form.parameters.push_back(
            {.name = argument.name(),
             .type = argument.real_type().get(),
             .list_length = argument.N() ? std::optional<int>(*argument.N()) : std::nullopt,
             .fallback = argument.default_value(),
             .by_name_only = argument.kwarg_only(),
             .spreads = spreads(argument),
             .is_reduction = argument.name() == "reduction",
             .is_dimension = is_text && takes_names,
             .is_out = argument.is_out(),
             .aliases = find_aliases(schema, argument.name())});
        const auto& parameter = form.parameters.back();
        form.least += parameter.fallback ? 0 : 1;
        form.most += parameter.by_name_only ? 0 : 1;
        form.spreads = form.spreads || parameter.spreads;
        form.factory = form.factory || argument.name() == "pin_memory";
    }
    form.changes_nothing = !schema.is_mutable();
    return form;
}

/// resize_, resize_as_, set_, set_data
bool sets_storage(const std::string& name) {
    return name.starts_with("resize_") || name == "set_" || name == "set_data";
}

}  // namespace

const Operator* find_operator(const std::string& name) {
    static std::unordered_map<std::string, Operator> found;
    if (const auto known = found.find(name); known != found.end()) {
        return &known->second;
    }
    const auto overloads = overload_names().find(name);
    if (overloads == overload_names().end()) {
        return nullptr;
    }
    std::vector<c10::OperatorHandle> handles;
    for (const auto& overload : overloads->second) {
        if (const auto handle =
                c10::Dispatcher::singleton().findSchema({"aten::" + name, overload})) {
            handles.push_back(*handle);
        }
    }
    std::sort(handles.begin(), handles.end(), [](const auto& a, const auto& b) {
        return std::make_pair(rank(a), a.schema().overload_name()) <
               std::make_pair(rank(b), b.schema().overload_name());
    });
    Operator result = {.name = "torch." + name,
                       .forms = {},
                       .refusal = refusal_of(name),
                       .check = find_argument_check(name),
                       .sets_storage = sets_storage(name),
                       .copies_results = gives_trusted_tensors(name)};
    std::transform(handles.begin(), handles.end(), std::back_inserter(result.forms), make_form);
    return &found.emplace(name, std::move(result)).first->second;
}

std::vector<std::string> operator_signatures(const std::string& name) {
    std::vector<std::string> signatures;
    if (const Operator* op = find_operator(name)) {
        for (const auto& form : op->forms) {
            signatures.push_back(c10::toString(form.handle.schema()));
        }
    }
    return signatures;
}

std::vector<std::string> operator_names() {
    std::vector<std::string> names;
    for (const auto& [name, overloads] : overload_names()) {
        names.push_back(name);
    }
    std::sort(names.begin(), names.end());
    return names;
}

}  // namespace hfc::lua
