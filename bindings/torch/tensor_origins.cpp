#include "bindings/runtime/error.h"
#include "bindings/torch/tensor.h"

#include <algorithm>
#include <unordered_map>

namespace hfc::lua {
namespace {

bool origins_recorded = false;

struct Origin {
    int64_t order;
    std::string line;
};

std::unordered_map<const LuaTensor*, Origin>& origins() {
    static std::unordered_map<const LuaTensor*, Origin> made;
    return made;
}

}  // namespace

void TensorOrigins::record(bool on) {
    origins_recorded = on;
}

void TensorOrigins::remember(lua_State* L, const LuaTensor& tensor) {
    if (origins_recorded) {
        std::string line = script_position(L);
        line.resize(line.size() - std::min<size_t>(line.size(), 2));  // ": "
        static int64_t count = 0;
        origins()[&tensor] = {++count, std::move(line)};
    }
}

void TensorOrigins::forget(const LuaTensor* tensor) {
    if (origins_recorded) {
        origins().erase(tensor);
    }
}

std::vector<TensorOrigins::Entry> TensorOrigins::largest(size_t count) {
    // Among tensors that share a storage, the one created first represents the storage.
    std::unordered_map<const void*, std::pair<const LuaTensor*, const Origin*>> storages;
    for (const auto& [object, origin] : origins()) {
        if (!object->tensor.has_storage() || object->tensor.is_meta()) {
            continue;
        }
        auto& [first, of_first] = storages[object->tensor.storage().unsafeGetStorageImpl()];
        if (first == nullptr || origin.order < of_first->order) {
            first = object;
            of_first = &origin;
        }
    }
    std::vector<Entry> entries;
    for (const auto& [storage, made] : storages) {
        const at::Tensor& tensor = made.first->tensor;
        entries.push_back({static_cast<int64_t>(tensor.storage().nbytes()), describe_tensor(tensor),
                           made.second->line});
    }
    std::sort(entries.begin(), entries.end(),
              [](const Entry& a, const Entry& b) { return a.bytes > b.bytes; });
    entries.resize(std::min(entries.size(), count));
    return entries;
}

}  // namespace hfc::lua
