#include "tensor_file/tree.h"

#include "tensor_file/format.h"

#include <ATen/Functions.h>

#include <unordered_set>

namespace hfc::tensor_file {
namespace {

constexpr size_t most_name_bytes = size_t{256} << 20;

class Flattener {
  public:
    NamedTensors tensors;

    void visit(const Tree& tree, const std::string& name) {
        name_bytes_ += name.size();
        expect(name_bytes_ <= most_name_bytes, "the names of its tensors require more than {} MB",
               most_name_bytes >> 20);
        if (const auto* const tensor = tree.get<at::Tensor>()) {
            add(name, *tensor);
        } else if (const auto* const boolean = tree.get<bool>()) {
            add(name, at::scalar_tensor(*boolean, at::kBool));
        } else if (const auto* const integer = tree.get<int64_t>()) {
            add(name, at::scalar_tensor(*integer, at::kLong));
        } else if (const auto* const real = tree.get<double>()) {
            add(name, at::scalar_tensor(*real, at::kDouble));
        } else if (const auto* const list = tree.get<TreeList>()) {
            for (size_t i = 0; i < list->items.size(); ++i) {
                visit(list->items[i], join(name, std::to_string(i)));
            }
        } else if (const auto* const dict = tree.get<TreeDict>()) {
            for (const auto& [key, value] : dict->entries) {
                visit(value, join(name, key_text(key)));
            }
        }
    }

  private:
    static std::string join(const std::string& name, const std::string& key) {
        return name.empty() ? key : name + "." + key;
    }

    void add(const std::string& name, const at::Tensor& tensor) {
        expect(names_.insert(name).second, "two of its tensors have the name '{}'", name);
        tensors.emplace_back(name, tensor);
    }

    size_t name_bytes_ = 0;
    std::unordered_set<std::string> names_;
};

}  // namespace

std::string key_text(const Tree& key) {
    if (const auto* const text = key.get<std::string>()) {
        return *text;
    }
    if (const auto* const boolean = key.get<bool>()) {
        return *boolean ? "True" : "False";
    }
    const auto* const integer = key.get<int64_t>();
    return integer != nullptr ? std::to_string(*integer) : fmt::format("{}", *key.get<double>());
}

NamedTensors flatten(const Tree& tree) {
    Flattener flattener;
    flattener.visit(tree, "");
    return std::move(flattener.tensors);
}

}  // namespace hfc::tensor_file
