// PyTorch's .pt: a zip archive of one pickle (data.pkl) and a member for each storage (data/0,
// data/1, ...).
#include "tensor_file/format.h"
#include "tensor_file/pickle.h"
#include "tensor_file/zip.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <map>
#include <unordered_set>

namespace hfc::tensor_file {
namespace {

using pickle::Budget;
using pickle::Dict;
using pickle::Global;
using pickle::None;
using pickle::Result;
using pickle::Sequence;
using pickle::Storage;
using pickle::Value;

constexpr uint64_t largest_pickle = uint64_t{64} << 20;
constexpr int deepest = 100;
constexpr size_t most_entries = 1'000'000;
constexpr size_t most_name_bytes = size_t{256} << 20;
/// A tensor's own memory, its elements not counted: about as much as it takes in LibTorch.
constexpr size_t tensor_bytes = 512;
/// Strides of 0 show elements several times, as expand() does. One tensor may show so many of them
/// this way, which is 4 GB in float32: a few bytes of file may not claim work for hours.
constexpr int64_t most_shown = int64_t{1} << 30;

std::string_view without_prefix(std::string_view name, std::string_view prefix) {
    return name.starts_with(prefix) ? name.substr(prefix.size()) : std::string_view();
}

const Dtype* storage_dtype(std::string_view global) {
    if (global == "torch.storage.UntypedStorage" || global == "torch.UntypedStorage") {
        return find_dtype(at::kByte);
    }
    const auto name = without_prefix(global, "torch.storage.");
    return find_dtype(&Dtype::storage, name.empty() ? without_prefix(global, "torch.") : name);
}

/// The dtypes that PyTorch saves in untyped storages, because no class of storages has them.
const Dtype* untyped_dtype(std::string_view global) {
    const auto* const dtype = find_dtype(&Dtype::torch, without_prefix(global, "torch."));
    return dtype != nullptr && dtype->storage.empty() ? dtype : nullptr;
}

std::vector<int64_t> integers(const Value& value, const char* what) {
    const auto* const sequence = value.get<Sequence>();
    expect(sequence != nullptr, "a tensor's {} is not a tuple", what);
    expect(sequence->items.size() <= most_dimensions,
           "a tensor has {} dimensions, expected at most {}", sequence->items.size(),
           most_dimensions);
    std::vector<int64_t> numbers;
    for (const auto* const item : sequence->items) {
        const auto* const number = item->get<int64_t>();
        expect(number != nullptr, "a tensor's {} holds something else than integers", what);
        numbers.push_back(*number);
    }
    return numbers;
}

/// A view of a storage, if it lies within. Sizes and strides come from the file.
at::Tensor view_of(const at::Tensor& elements, const std::vector<int64_t>& sizes,
                   const std::vector<int64_t>& strides, int64_t offset) {
    const auto bytes = byte_count(sizes, elements.scalar_type());
    expect(sizes.size() == strides.size(), "a tensor has {} sizes and {} strides", sizes.size(),
           strides.size());
    expect(offset >= 0 && offset <= elements.numel(),
           "a tensor begins at element {} of a storage of {}", offset, elements.numel());
    int64_t last = offset;
    for (size_t i = 0; i < sizes.size(); ++i) {
        int64_t reach = 0;
        expect(strides[i] >= 0, "a tensor has the negative stride {}", strides[i]);
        const bool overflow =
            __builtin_mul_overflow(std::max<int64_t>(sizes[i] - 1, 0), strides[i], &reach) ||
            __builtin_add_overflow(last, reach, &last);
        expect(!overflow, "the strides [{}] of a tensor overflow", fmt::join(strides, ", "));
    }
    expect(bytes == 0 || last < elements.numel(),
           "a tensor of sizes [{}], strides [{}] and offset {} reaches beyond its storage of {} "
           "elements",
           fmt::join(sizes, ", "), fmt::join(strides, ", "), offset, elements.numel());
    const auto count = static_cast<int64_t>(bytes / elements.element_size());
    expect(
        count <= std::max(elements.numel(), most_shown),
        "a tensor of sizes [{}] and strides [{}] shows {} elements of a storage of {}, expected at "
        "most {}",
        fmt::join(sizes, ", "), fmt::join(strides, ", "), count, elements.numel(), most_shown);
    return at::empty({0}, elements.options()).set_(elements.storage(), offset, sizes, strides);
}

/// Makes what the pickle of a state dict may ask for, and nothing else.
class TensorBuilder : public pickle::Builder {
  public:
    TensorBuilder(ZipReader& archive, std::string folder)
        : archive_(archive), folder_(std::move(folder)) {}

    void require_known(const std::string& global) override {
        static const std::unordered_set<std::string> functions = {
            "collections.OrderedDict",    rebuild_tensor, rebuild_untyped, rebuild_parameter,
            rebuild_parameter_with_state, "torch.Size",   "torch.device"};
        const bool dtype = find_dtype(&Dtype::torch, without_prefix(global, "torch.")) != nullptr;
        expect(functions.contains(global) || dtype || storage_dtype(global) != nullptr,
               "refused: the file wants to call {}; only tensors and plain containers are read",
               global);
    }

    Result call(const std::string& global, const Sequence& arguments, Budget& budget) override {
        const auto& items = arguments.items;
        if (global == "collections.OrderedDict") {
            return {nullptr, {ordered_dict(items, budget)}};
        }
        if (global == "torch.Size" && items.size() == 1 && items[0]->get<Sequence>() != nullptr) {
            return {items[0], {}};
        }
        if (global == "torch.device") {
            return {};
        }
        if (global == rebuild_tensor && items.size() >= 4) {
            return {nullptr, {rebuild(items, nullptr, budget)}};
        }
        if (global == rebuild_untyped && items.size() >= 7) {
            const auto* const name = items[6]->get<Global>();
            const auto* const dtype = name == nullptr ? nullptr : untyped_dtype(name->name);
            expect(dtype != nullptr,
                   "a tensor in an untyped storage has no dtype that belongs there");
            return {nullptr, {rebuild(items, dtype, budget)}};
        }
        if ((global == rebuild_parameter || global == rebuild_parameter_with_state) &&
            !items.empty() && items[0]->get<at::Tensor>() != nullptr) {
            return {items[0], {}};
        }
        malformed("refused: the file calls {} with {} arguments that do not belong there", global,
                  items.size());
    }

    Value persistent(const Value& id) override {
        const auto* const tuple = id.get<Sequence>();
        const bool whole = tuple != nullptr && tuple->items.size() == 5;
        const auto* const kind = whole ? tuple->items[0]->get<std::string>() : nullptr;
        const auto* const type = whole ? tuple->items[1]->get<Global>() : nullptr;
        const auto* const key = whole ? tuple->items[2]->get<std::string>() : nullptr;
        const auto* const count = whole ? tuple->items[4]->get<int64_t>() : nullptr;
        const auto* const dtype = type != nullptr ? storage_dtype(type->name) : nullptr;
        expect(kind != nullptr && *kind == "storage" && dtype != nullptr && key != nullptr &&
                   count != nullptr,
               "its pickle refers to something that is not a storage");
        return {Storage{storage(*key, dtype->type, *count)}};
    }

  private:
    static constexpr auto rebuild_tensor = "torch._utils._rebuild_tensor_v2";
    static constexpr auto rebuild_untyped = "torch._utils._rebuild_tensor_v3";
    static constexpr auto rebuild_parameter = "torch._utils._rebuild_parameter";
    static constexpr auto rebuild_parameter_with_state =
        "torch._utils._rebuild_parameter_with_state";

    static Dict ordered_dict(const std::vector<const Value*>& arguments, Budget& budget) {
        Dict dict;
        const auto* const pairs = arguments.size() == 1 ? arguments[0]->get<Sequence>() : nullptr;
        expect(arguments.empty() || pairs != nullptr,
               "an OrderedDict is made of something else than pairs");
        budget.take(pairs == nullptr ? 0 : pairs->items.size(), 2 * sizeof(Value*));
        for (size_t i = 0; pairs != nullptr && i < pairs->items.size(); ++i) {
            const auto* const pair = pairs->items[i]->get<Sequence>();
            expect(pair != nullptr && pair->items.size() == 2,
                   "an OrderedDict is made of something else than pairs");
            dict.items.emplace_back(pair->items[0], pair->items[1]);
        }
        return dict;
    }

    /// The arguments are storage, offset, sizes, strides and what concerns gradients.
    static at::Tensor rebuild(const std::vector<const Value*>& arguments, const Dtype* dtype,
                              Budget& budget) {
        budget.take(1, tensor_bytes);
        const auto* const storage = arguments[0]->get<Storage>();
        const auto* const offset = arguments[1]->get<int64_t>();
        expect(storage != nullptr && offset != nullptr,
               "a tensor is made of something else than a storage and an offset");
        auto elements = storage->elements;
        if (dtype != nullptr) {
            const auto width = static_cast<int64_t>(c10::elementSize(dtype->type));
            const bool whole = elements.scalar_type() == at::kByte && elements.numel() % width == 0;
            expect(whole, "a tensor of dtype {} lies in a storage that is not made of its elements",
                   dtype->torch);
            elements = elements.view(dtype->type);
        }
        return view_of(elements, integers(*arguments[2], "size"), integers(*arguments[3], "stride"),
                       *offset);
    }

    at::Tensor storage(const std::string& key, at::ScalarType type, int64_t count) {
        if (const auto known = storages_.find(key); known != storages_.end()) {
            expect(known->second.scalar_type() == type && known->second.numel() == count,
                   "its storage '{}' is described in two ways", key);
            return known->second;
        }
        const auto* const member = archive_.find(folder_ + "data/" + key);
        expect(member != nullptr, "its storage '{}' is missing", key);
        expect(byte_count({count}, type) == member->size,
               "its storage '{}' should hold {} elements of {}, but it has {} bytes", key, count,
               c10::toString(type), member->size);
        read_bytes_ += member->size;
        expect(read_bytes_ <= archive_.file_size(),
               "its storages claim more bytes than the file has ({})", archive_.file_size());
        const auto elements = at::empty({count}, type);
        archive_.read(*member, elements.mutable_data_ptr());
        normalize_booleans(elements);
        return storages_.emplace(key, elements).first->second;
    }

    ZipReader& archive_;
    std::string folder_;
    std::map<std::string, at::Tensor> storages_;
    uint64_t read_bytes_ = 0;
};

/// Turns nested containers into named tensors.
class Flattener {
  public:
    NamedTensors tensors;

    void visit(const Value& value, const std::string& name, int depth) {
        expect(depth <= deepest, "its containers are nested more than {} deep", deepest);
        expect(++visited_ <= most_entries, "it holds more than {} values", most_entries);
        name_bytes_ += name.size();
        expect(name_bytes_ <= most_name_bytes, "its names have more than {} MB",
               most_name_bytes >> 20);
        if (const auto* const tensor = value.get<at::Tensor>()) {
            add(name, *tensor);
        } else if (const auto* const boolean = value.get<bool>()) {
            add(name, at::scalar_tensor(*boolean, at::kBool));
        } else if (const auto* const integer = value.get<int64_t>()) {
            add(name, at::scalar_tensor(*integer, at::kLong));
        } else if (const auto* const real = value.get<double>()) {
            add(name, at::scalar_tensor(*real, at::kDouble));
        } else if (const auto* const sequence = value.get<Sequence>()) {
            for (size_t i = 0; i < sequence->items.size(); ++i) {
                visit(*sequence->items[i], join(name, std::to_string(i)), depth + 1);
            }
        } else if (const auto* const dict = value.get<Dict>()) {
            for (const auto& [key, item] : dict->items) {
                visit(*item, join(name, key_name(*key)), depth + 1);
            }
        }
    }

  private:
    static std::string join(const std::string& name, const std::string& key) {
        return name.empty() ? key : name + "." + key;
    }

    static std::string key_name(const Value& key) {
        if (const auto* const text = key.get<std::string>()) {
            return *text;
        }
        const auto* const integer = key.get<int64_t>();
        expect(integer != nullptr, "a dict has a key that is neither a string nor an integer");
        return std::to_string(*integer);
    }

    void add(const std::string& name, const at::Tensor& tensor) {
        expect(names_.insert(name).second, "two of its tensors have the name '{}'", name);
        tensors.emplace_back(name, tensor);
    }

    size_t visited_ = 0;
    size_t name_bytes_ = 0;
    std::unordered_set<std::string> names_;
};

}  // namespace

NamedTensors read_pytorch(ZipReader& archive) {
    const auto* const found = archive.find_in_any_folder(pickle_name);
    const auto folder = found->name.substr(0, found->name.size() - pickle_name.size());
    expect(archive.find(folder + "constants.pkl") == nullptr,
           "it is a TorchScript program, which is refused: only state dicts are read");
    const auto* const order = archive.find(folder + "byteorder");
    expect(order == nullptr || (order->size < 16 && archive.read(*order) == "little"),
           "it was written by a big-endian machine");
    expect(found->size <= largest_pickle, "its pickle has {} bytes, expected at most {}",
           found->size, largest_pickle);
    const auto program = archive.read(*found);
    TensorBuilder builder(archive, folder);
    pickle::Machine machine(program, builder);
    Flattener flattener;
    flattener.visit(machine.run(), "", 0);
    return flattener.tensors;
}

}  // namespace hfc::tensor_file
