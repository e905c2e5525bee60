// PyTorch's .pt format: a zip archive of one pickle (data.pkl) and a member for each storage
// (data/0, data/1, ...).
#include "base/dtype_name.h"
#include "tensor_file/format.h"
#include "tensor_file/python_values.h"
#include "tensor_file/tensor_builder.h"
#include "tensor_file/zip.h"

#include <ATen/ATen.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>
#include <unordered_set>

namespace hfc::tensor_file {
namespace {

using pickle::Budget;
using pickle::Dict;
using pickle::Global;
using pickle::Result;
using pickle::Sequence;
using pickle::Storage;
using pickle::Value;

constexpr uint64_t largest_pickle = uint64_t{64} << 20;
/// The memory of a tensor without its elements: about as much as LibTorch needs.
constexpr size_t tensor_bytes = 512;
/// Strides of 0 repeat elements, as expand() does. This is the limit for a tensor expanded this
/// way, 4 GB in float32, so that a small file cannot cause hours of work.
constexpr int64_t most_shown = int64_t{1} << 30;

std::string_view without_prefix(std::string_view name, std::string_view prefix) {
    return name.starts_with(prefix) ? name.substr(prefix.size()) : std::string_view();
}

const Dtype* storage_dtype(std::string_view global) {
    if (global == "torch.storage.UntypedStorage" || global == "torch.UntypedStorage") {
        return find_dtype(at::kByte);
    }
    // Quantized tensors are left out, but their storages must be skipped correctly.
    static const std::map<std::string_view, at::ScalarType> quantized = {
        {"torch.QInt8Storage", at::kChar},    {"torch.QUInt8Storage", at::kByte},
        {"torch.QInt32Storage", at::kInt},    {"torch.QUInt4x2Storage", at::kByte},
        {"torch.QUInt2x4Storage", at::kByte},
    };
    if (const auto found = quantized.find(global); found != quantized.end()) {
        return find_dtype(found->second);
    }
    for (const auto* const prefix : {"torch.storage.", "torch.cuda.", "torch."}) {
        const auto* const dtype = find_dtype(&Dtype::storage, without_prefix(global, prefix));
        if (dtype != nullptr) {
            return dtype;
        }
    }
    return nullptr;
}

/// The dtypes that PyTorch saves in untyped storages, because they have no storage class.
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
        expect(number != nullptr, "a tensor's {} contains something other than integers", what);
        numbers.push_back(*number);
    }
    return numbers;
}

/// Returns a view of a storage, after checking that it does not extend beyond the storage. Sizes
/// and strides come from the file.
at::Tensor view_of(const at::Tensor& elements, const std::vector<int64_t>& sizes,
                   const std::vector<int64_t>& strides, int64_t offset) {
    const auto bytes = byte_count(sizes, elements.scalar_type());
    expect(sizes.size() == strides.size(), "a tensor has {} sizes and {} strides", sizes.size(),
           strides.size());
    expect(offset >= 0 && offset <= elements.numel(),
           "a tensor starts at element {} of a storage with {} elements", offset, elements.numel());
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
           "a tensor with sizes [{}], strides [{}] and offset {} extends beyond its storage of {} "
           "elements",
           fmt::join(sizes, ", "), fmt::join(strides, ", "), offset, elements.numel());
    const auto count = static_cast<int64_t>(bytes / elements.element_size());
    expect(count <= std::max(elements.numel(), most_shown),
           "a tensor with sizes [{}] and strides [{}] has {} elements in a storage of {} elements, "
           "expected at most {}",
           fmt::join(sizes, ", "), fmt::join(strides, ", "), count, elements.numel(), most_shown);
    return at::empty({0}, elements.options()).set_(elements.storage(), offset, sizes, strides);
}

/// Functions that run programs or other code, or access files. No checkpoint calls them, so a file
/// that does is no accident.
bool is_harmful(std::string_view global) {
    static const std::unordered_set<std::string_view> modules = {
        "os",  "posix",     "nt",     "subprocess", "sys", "shutil", "socket", "ctypes", "runpy",
        "pty", "importlib", "pickle", "webbrowser", "bdb", "pdb",    "timeit", "imp",    "marshal"};
    static const std::unordered_set<std::string_view> built_in = {
        "eval", "exec", "execfile", "compile", "open", "__import__", "input", "breakpoint"};
    const auto module = global.substr(0, global.find('.'));
    if (module == "builtins" || module == "__builtin__") {
        return built_in.contains(without_prefix(global.substr(module.size()), "."));
    }
    return modules.contains(module) || global == "torch.load" || global == "torch.hub.load" ||
           global == "numpy.load" || global.starts_with("numpy.testing.");
}

/// Applies the flags of a tensor whose storage contains conjugated or negated values.
at::Tensor flagged(at::Tensor tensor, const Value& metadata) {
    const auto* const flags = metadata.get<Dict>();
    if (flags == nullptr) {
        return tensor;
    }
    for (const auto& [key, value] : flags->items) {
        const auto* const name = key->get<std::string>();
        const auto* const set = value->get<bool>();
        expect(name != nullptr && set != nullptr && (*name == "conj" || *name == "neg"),
               "a tensor has the unknown flag '{}'", name == nullptr ? "" : *name);
        if (*set) {
            expect(*name == "neg" || tensor.is_complex(), "a real tensor has the flag 'conj'");
            tensor = *name == "conj" ? at::conj(tensor) : at::_neg_view(tensor);
        }
    }
    return tensor;
}

/// Makes the tensors that a pickle requests, and nothing else.
class TensorBuilder : public pickle::Builder {
  public:
    TensorBuilder(StorageSource& storages, uint64_t bytes) : storages_(storages), bytes_(bytes) {}

    void require_harmless(const std::string& global) override {
        expect(!is_harmful(global),
               "refused: the file tries to call {}; only tensors and plain containers are read",
               global);
    }

    bool knows(const std::string& global) override {
        static const std::unordered_set<std::string> functions = {"collections.OrderedDict",
                                                                  rebuild_tensor,
                                                                  rebuild_first,
                                                                  rebuild_untyped,
                                                                  rebuild_parameter,
                                                                  rebuild_parameter_with_state,
                                                                  rebuild_subclass,
                                                                  parameter,
                                                                  load_storage,
                                                                  "torch.Size"};
        return functions.contains(global);
    }

    Result call(const std::string& global, const Sequence& arguments, Budget& budget) override {
        const auto& items = arguments.items;
        if (global == "collections.OrderedDict") {
            return {nullptr, {ordered_dict(items, budget)}};
        }
        if (global == "torch.Size" && items.size() == 1 && items[0]->get<Sequence>() != nullptr) {
            return {items[0], {}};
        }
        if ((global == rebuild_tensor || global == rebuild_first) && items.size() >= 4) {
            const auto tensor = rebuild(items, nullptr, budget);
            return {nullptr, {items.size() > 6 ? flagged(tensor, *items[6]) : tensor}};
        }
        if (global == rebuild_untyped && items.size() >= 7) {
            const auto* const name = items[6]->get<Global>();
            const auto* const dtype = name == nullptr ? nullptr : untyped_dtype(name->name);
            expect(dtype != nullptr, "a tensor in an untyped storage has no valid dtype");
            const auto tensor = rebuild(items, dtype, budget);
            return {nullptr, {items.size() > 7 ? flagged(tensor, *items[7]) : tensor}};
        }
        const bool wraps = global == rebuild_parameter || global == rebuild_parameter_with_state ||
                           global == parameter;
        if (wraps && !items.empty() && items[0]->get<at::Tensor>() != nullptr) {
            return {items[0], {}};
        }
        if (global == rebuild_subclass && items.size() == 4) {
            return subclass(items, budget);
        }
        if (global == load_storage && items.size() == 1) {
            return {nullptr, {Storage{stored_inside(*items[0])}}};
        }
        malformed("refused: the file calls {} with invalid arguments ({} given)", global,
                  items.size());
    }

    Value persistent(const Value& id) override {
        const auto* const tuple = id.get<Sequence>();
        const auto size = tuple == nullptr ? 0 : tuple->items.size();
        const auto* const kind = size > 0 ? tuple->items[0]->get<std::string>() : nullptr;
        if (kind != nullptr && *kind == "module" && size == 4 &&
            tuple->items[1]->get<Global>() != nullptr) {
            return *tuple->items[1];  // before 1.6: a class with its source text
        }
        const bool whole = size == 5 || size == 6;
        const auto* const type = whole ? tuple->items[1]->get<Global>() : nullptr;
        const auto* const key = whole ? tuple->items[2]->get<std::string>() : nullptr;
        const auto* const count = whole ? tuple->items[4]->get<int64_t>() : nullptr;
        const auto* const dtype = type != nullptr ? storage_dtype(type->name) : nullptr;
        expect(kind != nullptr && *kind == "storage" && dtype != nullptr && key != nullptr &&
                   count != nullptr,
               "its pickle refers to something that is not a storage");
        const auto elements = storages_.storage(*key, dtype->type, *count);
        return {Storage{size == 6 ? part_of(elements, *tuple->items[5]) : elements}};
    }

  private:
    static constexpr auto rebuild_tensor = "torch._utils._rebuild_tensor_v2";
    static constexpr auto rebuild_first = "torch._utils._rebuild_tensor";
    static constexpr auto rebuild_untyped = "torch._utils._rebuild_tensor_v3";
    static constexpr auto rebuild_parameter = "torch._utils._rebuild_parameter";
    static constexpr auto rebuild_parameter_with_state =
        "torch._utils._rebuild_parameter_with_state";
    static constexpr auto rebuild_subclass = "torch._tensor._rebuild_from_type_v2";
    static constexpr auto parameter = "torch.nn.parameter.Parameter";
    static constexpr auto load_storage = "torch.storage._load_from_bytes";

    static Dict ordered_dict(const std::vector<const Value*>& arguments, Budget& budget) {
        Dict dict;
        const auto* const pairs = arguments.size() == 1 ? arguments[0]->get<Sequence>() : nullptr;
        expect(arguments.empty() || pairs != nullptr,
               "an OrderedDict contains something other than pairs");
        budget.take(pairs == nullptr ? 0 : pairs->items.size(), 2 * sizeof(Value*));
        for (size_t i = 0; pairs != nullptr && i < pairs->items.size(); ++i) {
            const auto* const pair = pairs->items[i]->get<Sequence>();
            expect(pair != nullptr && pair->items.size() == 2,
                   "an OrderedDict contains something other than pairs");
            dict.items.emplace_back(pair->items[0], pair->items[1]);
        }
        return dict;
    }

    /// The arguments are the storage, offset, sizes, strides and information about gradients.
    static at::Tensor rebuild(const std::vector<const Value*>& arguments, const Dtype* dtype,
                              Budget& budget) {
        budget.take(1, tensor_bytes);
        const auto* const storage = arguments[0]->get<Storage>();
        const auto* const offset = arguments[1]->get<int64_t>();
        expect(storage != nullptr && offset != nullptr,
               "a tensor is built from something other than a storage and an offset");
        auto elements = storage->elements;
        if (dtype != nullptr) {
            const auto width = static_cast<int64_t>(c10::elementSize(dtype->type));
            const bool whole = elements.scalar_type() == at::kByte && elements.numel() % width == 0;
            expect(whole,
                   "a tensor of dtype {} does not match the dtype or the size of its storage",
                   dtype->torch);
            elements = elements.view(dtype->type);
        }
        return view_of(elements, integers(*arguments[2], "size"), integers(*arguments[3], "stride"),
                       *offset);
    }

    /// For an object of a class that extends Tensor, calls func(*arguments). The class and the
    /// attributes are dropped.
    Result subclass(const std::vector<const Value*>& items, Budget& budget) {
        const auto* const function = items[0]->get<Global>();
        const auto* const inner = items[2]->get<Sequence>();
        const bool known = function != nullptr && inner != nullptr &&
                           function->name != rebuild_subclass && knows(function->name);
        expect(known, "an object of a Tensor subclass does not wrap a supported tensor");
        return call(function->name, *inner, budget);
    }

    /// A part of a storage: None, or its own key, its offset and its length.
    static at::Tensor part_of(const at::Tensor& elements, const Value& part) {
        const auto* const tuple = part.get<Sequence>();
        if (tuple == nullptr) {
            return elements;
        }
        const bool whole = tuple->items.size() == 3;
        const auto* const offset = whole ? tuple->items[1]->get<int64_t>() : nullptr;
        const auto* const count = whole ? tuple->items[2]->get<int64_t>() : nullptr;
        expect(offset != nullptr && count != nullptr && *offset >= 0 && *count >= 0 &&
                   *offset <= elements.numel() && *count <= elements.numel() - *offset,
               "a view of a storage extends beyond the storage");
        return elements.narrow(0, *offset, *count);
    }

    /// A storage whose file is a string in the pickle, as pickle.dumps(tensor) writes it.
    at::Tensor stored_inside(const Value& value) {
        const auto* bytes = value.get<std::string>();
        std::optional<std::string> decoded;
        if (const auto* const call = value.get<pickle::Object>()) {
            decoded = encoded_bytes(*call);
            bytes = decoded ? &*decoded : nullptr;
        }
        expect(bytes != nullptr, "a storage inside its pickle is not stored as bytes");
        expect(bytes->size() <= bytes_,
               "the total declared size of its storages exceeds the file size");
        bytes_ -= bytes->size();
        return legacy_storage(*bytes);
    }

    StorageSource& storages_;
    uint64_t bytes_;
};

/// The storages of a zip archive: one member each.
class ZipStorages : public StorageSource {
  public:
    ZipStorages(ZipReader& archive, std::string folder)
        : archive_(archive), folder_(std::move(folder)) {}

    at::Tensor storage(const std::string& key, at::ScalarType type, int64_t count) override {
        if (const auto known = storages_.find(key); known != storages_.end()) {
            expect(known->second.scalar_type() == type && known->second.numel() == count,
                   "its storage '{}' is described in two different ways", key);
            return known->second;
        }
        const auto* const member = archive_.find(folder_ + "data/" + key);
        expect(member != nullptr, "its storage '{}' is missing", key);
        expect(byte_count({count}, type) == member->size,
               "its storage '{}' should have {} elements of dtype {}, but has {} bytes", key, count,
               dtype_name(type), member->size);
        read_bytes_ += member->size;
        expect(read_bytes_ <= archive_.file_size(),
               "the total declared size of its storages exceeds the file size ({} bytes)",
               archive_.file_size());
        const auto elements = at::empty({count}, type);
        archive_.read(*member, elements.mutable_data_ptr());
        normalize_booleans(elements);
        return storages_.emplace(key, elements).first->second;
    }

  private:
    ZipReader& archive_;
    std::string folder_;
    std::map<std::string, at::Tensor> storages_;
    uint64_t read_bytes_ = 0;
};

}  // namespace

std::unique_ptr<pickle::Builder> tensor_builder(StorageSource& storages, uint64_t bytes) {
    return std::make_unique<TensorBuilder>(storages, bytes);
}

const Dtype* named_dtype(std::string_view global) {
    return find_dtype(&Dtype::torch, without_prefix(global, "torch."));
}

Content read_pytorch(ZipReader& archive) {
    const auto* const found = archive.find_in_any_folder(pickle_name);
    const auto folder = found->name.substr(0, found->name.size() - pickle_name.size());
    expect(archive.find(folder + "constants.pkl") == nullptr,
           "refused: it is a TorchScript program; only state dicts are read");
    const auto* const order = archive.find(folder + "byteorder");
    expect(order == nullptr || (order->size < 16 && archive.read(*order) == "little"),
           "it was written on a big-endian machine");
    expect(found->size <= largest_pickle, "its pickle has {} bytes, expected at most {}",
           found->size, largest_pickle);
    const auto program = archive.read(*found);
    ZipStorages storages(archive, folder);
    const auto builder = tensor_builder(storages, archive.file_size());
    pickle::Machine machine(program, *builder);
    TreeMaker maker(program.size());
    Content content;
    content.value = maker.make(machine.run());
    content.left_out = std::move(maker.left_out);
    return content;
}

}  // namespace hfc::tensor_file
