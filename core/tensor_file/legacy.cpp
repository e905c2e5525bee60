// Pickles that are not zip archives. PyTorch's format from before version 1.6 is a sequence of
// pickles (a magic number, the version, the machine, the value, the keys of the storages), followed
// by the storages: the number of elements in 8 bytes, then the elements.
#include "tensor_file/format.h"
#include "tensor_file/python_values.h"
#include "tensor_file/tensor_builder.h"

#include <ATen/Functions.h>

#include <cstring>
#include <map>

namespace hfc::tensor_file {
namespace {

using pickle::Machine;
using pickle::Sequence;
using pickle::Value;

constexpr uint64_t largest_program = uint64_t{64} << 20;
constexpr uint64_t largest_bare_pickle = uint64_t{1} << 30;
/// The opcode long1 with 10 bytes: 0x1950a86a20f9469cfc6c.
constexpr std::string_view legacy_magic("\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19", 12);

/// The bytes of a file, or of a string in another pickle, readable at any position.
struct RandomAccess {
    uint64_t size;
    std::function<void(uint64_t offset, void* to, size_t count)> read;
};

/// The value describes the storages, which follow it in the file. Memory is allocated when the file
/// is known to be long enough, and filled later.
class LegacyStorages : public StorageSource {
  public:
    explicit LegacyStorages(const RandomAccess& source) : source_(source) {}

    at::Tensor storage(const std::string& key, at::ScalarType type, int64_t count) override {
        if (const auto known = storages_.find(key); known != storages_.end()) {
            const auto& elements = known->second.elements;
            expect(elements.scalar_type() == type && elements.numel() == count,
                   "its storage '{}' is described in two different ways", key);
            return elements;
        }
        const auto bytes = byte_count({count}, type);
        expect(bytes <= source_.size - claimed_,
               "the total declared size of its storages exceeds the file size ({} bytes)",
               source_.size);
        claimed_ += bytes;
        return storages_.emplace(key, Storage{at::empty({count}, type), false})
            .first->second.elements;
    }

    /// Reads the storages that start at `position`, in the order of `keys`.
    void fill(const Value& keys, uint64_t position) {
        const auto* const list = keys.get<Sequence>();
        expect(list != nullptr, "its list of storages is missing");
        for (const auto* const item : list->items) {
            const auto* const key = item->get<std::string>();
            const auto found = key == nullptr ? storages_.end() : storages_.find(*key);
            expect(found != storages_.end() && !found->second.filled,
                   "its list of storages contains an unknown or repeated storage");
            position = fill_one(*key, found->second, position);
        }
        for (const auto& [key, storage] : storages_) {
            expect(storage.filled, "its storage '{}' is missing", key);
        }
    }

  private:
    struct Storage {
        at::Tensor elements;
        bool filled;
    };

    uint64_t fill_one(const std::string& key, Storage& storage, uint64_t position) {
        const auto& elements = storage.elements;
        uint64_t count = 0;
        expect(source_.size - position >= sizeof(count), "it ends before its storage '{}'", key);
        source_.read(position, &count, sizeof(count));
        position += sizeof(count);
        expect(count == static_cast<uint64_t>(elements.numel()),
               "its storage '{}' should have {} elements, but has {}", key, elements.numel(),
               count);
        expect(elements.nbytes() <= source_.size - position, "it ends inside its storage '{}'",
               key);
        if (elements.nbytes() > 0) {
            source_.read(position, elements.mutable_data_ptr(), elements.nbytes());
        }
        normalize_booleans(elements);
        storage.filled = true;
        return position + elements.nbytes();
    }

    const RandomAccess& source_;
    std::map<std::string, Storage> storages_;
    uint64_t claimed_ = 0;
};

/// A single pickle has no storages outside itself.
class NoStorages : public StorageSource {
  public:
    at::Tensor storage(const std::string& key, at::ScalarType, int64_t) override {
        malformed("its storage '{}' is missing", key);
    }
};

/// A file in the legacy format. It owns its values.
class LegacyFile {
  public:
    /// inner_bytes: the limit for storages in strings, which cannot contain further storages.
    LegacyFile(RandomAccess source, uint64_t inner_bytes)
        : source_(std::move(source)),
          storages_(source_),
          builder_(tensor_builder(storages_, inner_bytes)) {
        program_.resize(std::min(source_.size, largest_program));
        source_.read(0, program_.data(), program_.size());
    }

    const Value& read() {
        position_ = program_.find(legacy_magic) + legacy_magic.size() + 1;  // with the stop opcode
        expect(is_legacy(program_) && position_ <= program_.size(),
               "it is not in the format that PyTorch used before version 1.6");
        next();
        require_little_endian(next());
        const auto& value = next();
        const auto& keys = next();
        storages_.fill(keys, position_);
        return value;
    }

    size_t program_bytes() const { return position_; }

  private:
    const Value& next() {
        auto& machine =
            machines_.emplace_back(std::string_view(program_).substr(position_), *builder_);
        const auto& value = machine.run();
        position_ += machine.used();
        return value;
    }

    static void require_little_endian(const Value& machine) {
        const auto* const facts = machine.get<pickle::Dict>();
        expect(facts != nullptr, "its description of the machine that wrote it is not a dict");
        for (const auto& [key, value] : facts->items) {
            const auto* const name = key->get<std::string>();
            const auto* const little = value->get<bool>();
            expect(name == nullptr || *name != "little_endian" || (little != nullptr && *little),
                   "it was written on a big-endian machine");
        }
    }

    RandomAccess source_;
    std::string program_;
    LegacyStorages storages_;
    std::unique_ptr<pickle::Builder> builder_;
    std::deque<Machine> machines_;
    size_t position_ = 0;
};

Content content_of(const Value& value, uint64_t program_bytes) {
    TreeMaker maker(program_bytes);
    Content content;
    content.value = maker.make(value);
    content.left_out = std::move(maker.left_out);
    return content;
}

}  // namespace

bool is_legacy(std::string_view start) {
    // Newer protocols put a frame before the magic number: an opcode and 8 bytes.
    const auto has_magic = [&](size_t at) {
        return start.size() > at && start.substr(at).starts_with(legacy_magic);
    };
    return start.starts_with('\x80') && (has_magic(2) || has_magic(11));
}

Content read_legacy(const InputFile& file) {
    LegacyFile legacy({file.size(), [&](uint64_t offset, void* to,
                                        size_t count) { file.read(offset, to, count); }},
                      file.size());
    const auto& value = legacy.read();
    return content_of(value, legacy.program_bytes());
}

at::Tensor legacy_storage(std::string_view bytes) {
    LegacyFile legacy(
        {bytes.size(), [&](uint64_t offset, void* to,
                           size_t count) { std::memcpy(to, bytes.data() + offset, count); }},
        0);
    const auto* const storage = legacy.read().get<pickle::Storage>();
    expect(storage != nullptr, "its pickle contains an invalid storage");
    return storage->elements;
}

Content read_bare_pickle(const InputFile& file) {
    expect(file.size() <= largest_bare_pickle, "its pickle has {} bytes, expected at most {}",
           file.size(), largest_bare_pickle);
    std::string program(file.size(), '\0');
    file.read(0, program.data(), program.size());
    NoStorages storages;
    const auto builder = tensor_builder(storages, program.size());
    Machine machine(program, *builder);
    return content_of(machine.run(), program.size());
}

}  // namespace hfc::tensor_file
