// Checkpoints of one training in a folder of their own: written whole or not at all, checked when
// they are read.
//
//   checkpoint-000000042.safetensors   the tensors
//   checkpoint-000000042.json          the rest, with the length and the checksum of both; written
//   last, so a checkpoint without it is none
#pragma once

#include "tensor_file/tensor_file.h"

#include <nlohmann/json.hpp>

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>

namespace hfc::checkpoint {

using Json = nlohmann::ordered_json;

struct Checkpoint {
    tensor_file::NamedTensors tensors;
    Json state = Json::object();

    /// Throws Error where there is none of that name.
    const at::Tensor& tensor(const std::string& name) const;
};

class Store {
  public:
    /// folder: made at the first save(). keep: how many of the newest stay, at least 1.
    explicit Store(std::filesystem::path folder, int64_t keep = 2);

    const std::filesystem::path& folder() const { return folder_; }

    /// Writes a checkpoint under a number that grows from one to the next, at least 0, then removes
    /// the oldest ones. After a fault at any moment the folder holds this one or the one before.
    /// Throws Error naming the file and the reason (no space, no permission); the ones before are
    /// then all there.
    void save(int64_t number, const Checkpoint& checkpoint) const;

    /// Makes a checkpoint of this store one of `to`, too: hard links, or copies where the file
    /// system has none. Throws Error naming the file and the reason.
    void link(int64_t number, const Store& to, int64_t to_number) const;

    /// The newest checkpoint that is whole, or nothing. `warn` is told, in a sentence each, about
    /// those passed over because they are damaged, and what is taken in their place.
    std::optional<Checkpoint> newest(
        const std::function<void(const std::string&)>& warn = {}) const;

    /// The one of a number. Throws Error saying what is missing or damaged.
    Checkpoint load(int64_t number) const;

    /// Removes all but the newest `keep`, and the temporary files that dead processes have left.
    void prune(int64_t keep) const;

    /// The numbers of the checkpoints there are, damaged ones too, rising.
    std::vector<int64_t> numbers() const;

  private:
    std::filesystem::path path(int64_t number, const char* extension) const;
    std::filesystem::path folder_;
    int64_t keep_;
};

}  // namespace hfc::checkpoint
