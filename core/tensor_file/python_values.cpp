#include "tensor_file/python_values.h"

#include "tensor_file/format.h"
#include "tensor_file/tensor_builder.h"

#include <ATen/Functions.h>

#include <map>
#include <unordered_set>

namespace hfc::tensor_file {
namespace {

using pickle::Dict;
using pickle::Global;
using pickle::Object;
using pickle::Sequence;
using pickle::Value;

constexpr int deepest = 100;
constexpr size_t most_entries = 1'000'000;
/// Allowed in addition to twice the size of the pickle, because short strings may occur in many
/// places.
constexpr uint64_t spare_bytes = uint64_t{64} << 20;
constexpr size_t longest_path = 1000;

std::string join(const std::string& path, const std::string& key) {
    auto joined = path.empty() ? key : path + "." + key;
    if (joined.size() > longest_path) {
        joined.resize(longest_path);
    }
    return joined;
}

/// The reasons why PyTorch's other kinds of tensors are not read.
const std::map<std::string_view, std::string_view>& unread_tensors() {
    static const std::map<std::string_view, std::string_view> reasons = {
        {"torch._utils._rebuild_sparse_tensor", "a sparse tensor; save x.to_dense() in Python"},
        {"torch._utils._rebuild_sparse_csr_tensor", "a sparse tensor; save x.to_dense() in Python"},
        {"torch._utils._rebuild_nested_tensor", "a nested tensor"},
        {"torch._utils._rebuild_qtensor", "a quantized tensor; save x.dequantize() in Python"},
        {"torch._utils._rebuild_meta_tensor_no_storage",
         "a tensor on the meta device, which has no values"},
        {"torch._utils._rebuild_wrapper_subclass", "a tensor of a class that wraps other tensors"},
    };
    return reasons;
}

/// Whether a tree contains any value. None and empty containers do not count.
bool holds_something(const Tree& tree) {
    if (const auto* const list = tree.get<TreeList>()) {
        return std::ranges::any_of(list->items, holds_something);
    }
    if (const auto* const dict = tree.get<TreeDict>()) {
        return std::ranges::any_of(dict->entries, holds_something, &TreeEntry::value);
    }
    return tree.get<None>() == nullptr;
}

}  // namespace

std::string type_name(const Object& object) {
    const auto* here = &object;
    for (int i = 0; i < deepest && here->function != nullptr; ++i) {
        if (const auto* const global = here->function->get<Global>()) {
            return global->name;
        }
        here = here->function->get<Object>();
    }
    return here->function == nullptr ? "an integer beyond 64 bits" : "an unnamed object";
}

TreeMaker::TreeMaker(uint64_t program_bytes) : bytes_left_(2 * program_bytes + spare_bytes) {}

Tree TreeMaker::make(const Value& value) {
    auto tree = visit(value, "", 0);
    expect(left_out.empty() || holds_something(tree),
           "refused: it contains only {}, an object of an unknown class; for a network, save the "
           "state in Python: torch.save(net.state_dict(), path)",
           left_out.empty() ? "" : left_out.front());
    return tree;
}

Tree TreeMaker::visit(const Value& value, const std::string& path, int depth) {
    expect(depth <= deepest, "its containers are nested more than {} levels deep", deepest);
    expect(++visited_ <= most_entries, "it contains more than {} values", most_entries);
    if (const auto* const tensor = value.get<at::Tensor>()) {
        return {*tensor};
    }
    if (const auto* const boolean = value.get<bool>()) {
        return {*boolean};
    }
    if (const auto* const integer = value.get<int64_t>()) {
        return {*integer};
    }
    if (const auto* const real = value.get<double>()) {
        return {*real};
    }
    if (const auto* const text = value.get<std::string>()) {
        count_bytes(text->size());
        return {*text};
    }
    if (const auto* const sequence = value.get<Sequence>()) {
        return list(sequence->items, path, depth);
    }
    if (const auto* const entries = value.get<Dict>()) {
        return dict(*entries, path, depth);
    }
    if (const auto* const call = value.get<Object>()) {
        return object(*call, path, depth);
    }
    if (const auto* const storage = value.get<pickle::Storage>()) {
        return {storage->elements};
    }
    if (const auto* const global = value.get<Global>()) {
        const auto* const dtype = named_dtype(global->name);
        return dtype != nullptr ? Tree{std::string(dtype->torch)} : leave_out(path, global->name);
    }
    return {};
}

Tree TreeMaker::list(const std::vector<const Value*>& items, const std::string& path, int depth) {
    TreeList made;
    for (size_t i = 0; i < items.size(); ++i) {
        made.items.push_back(visit(*items[i], join(path, std::to_string(i)), depth + 1));
    }
    return {std::move(made)};
}

Tree TreeMaker::dict(const Dict& dict, const std::string& path, int depth) {
    TreeDict made;
    for (const auto& [name, item] : dict.items) {
        auto made_key = key(*name, depth + 1);
        const auto inner = join(path, key_text(made_key));
        made.entries.push_back({std::move(made_key), visit(*item, inner, depth + 1)});
    }
    return {std::move(made)};
}

/// A string, boolean or number is kept as a key; other keys are written as Python prints them.
Tree TreeMaker::key(const Value& value, int depth) {
    expect(depth <= deepest, "its containers are nested more than {} levels deep", deepest);
    expect(++visited_ <= most_entries, "it contains more than {} values", most_entries);
    if (const auto* const sequence = value.get<Sequence>()) {
        std::string text = "(";
        for (const auto* const item : sequence->items) {
            const auto part = key(*item, depth + 1);
            const bool quoted = item->get<std::string>() != nullptr;
            text += fmt::format("{}{}{}{}", text.size() > 1 ? ", " : "", quoted ? "'" : "",
                                key_text(part), quoted ? "'" : "");
            count_bytes(text.size());
        }
        return {text + (sequence->items.size() == 1 ? ",)" : ")")};
    }
    if (value.get<None>() != nullptr) {
        return {std::string("None")};
    }
    if (const auto* const call = value.get<Object>()) {
        const auto type = type_name(*call);
        auto known = simple(*call, type);
        known = known ? known : numpy(*call, type);
        const bool usable = known && known->get<at::Tensor>() == nullptr &&
                            known->get<TreeList>() == nullptr && known->get<TreeDict>() == nullptr;
        return usable ? *known : Tree{type};
    }
    const auto tree = visit(value, "a key", depth);
    const bool plain = tree.get<std::string>() != nullptr || tree.get<bool>() != nullptr ||
                       tree.get<int64_t>() != nullptr || tree.get<double>() != nullptr;
    expect(plain,
           "a dict has a key that is not a string, a number or a tuple of strings and numbers");
    return tree;
}

Tree TreeMaker::leave_out(const std::string& path, const std::string& what) {
    count_bytes(path.size() + what.size());
    left_out.push_back(path.empty() ? what : fmt::format("{} ({})", path, what));
    return {};
}

Tree TreeMaker::object(const Object& object, const std::string& path, int depth) {
    const auto type = type_name(object);
    if (auto known = simple(object, type)) {
        return std::move(*known);
    }
    if (auto known = numpy(object, type)) {
        return std::move(*known);
    }
    if (const auto reason = unread_tensors().find(type); reason != unread_tensors().end()) {
        return leave_out(path, std::string(reason->second));
    }
    auto made = container(object, path, depth);
    return made.get<None>() == nullptr ? std::move(made) : leave_out(path, type);
}

/// Sets, lists, dicts and objects of classes that extend them; None for anything else.
Tree TreeMaker::container(const Object& object, const std::string& path, int depth) {
    static const std::unordered_set<std::string_view> copies = {
        "collections.Counter",    "collections.deque",     "builtins.set",  "__builtin__.set",
        "builtins.frozenset",     "__builtin__.frozenset", "builtins.list", "__builtin__.list",
        "builtins.tuple",         "__builtin__.tuple",     "builtins.dict", "__builtin__.dict",
        "collections.defaultdict"};
    static const std::unordered_set<std::string_view> spaces = {"argparse.Namespace",
                                                                "types.SimpleNamespace"};
    if (object.content != nullptr) {
        return visit(*object.content, path, depth + 1);
    }
    const auto type = type_name(object);
    if (spaces.contains(type)) {
        const bool filled = object.state != nullptr && object.state->get<Dict>() != nullptr;
        return filled ? visit(*object.state, path, depth + 1) : Tree{TreeDict{}};
    }
    if (!copies.contains(type)) {
        return {};
    }
    // The first argument of a defaultdict is the function that creates new values.
    const bool filled = !object.arguments->items.empty() && type != "collections.defaultdict";
    const auto* const first = filled ? object.arguments->items[0] : nullptr;
    if (first != nullptr && (first->get<Sequence>() != nullptr || first->get<Dict>() != nullptr)) {
        return visit(*first, path, depth + 1);
    }
    const bool is_dict = type.ends_with("dict") || type.ends_with("Counter");
    return is_dict ? Tree{TreeDict{}} : Tree{TreeList{}};
}

}  // namespace hfc::tensor_file
