// Checkpoints of one training run in their own directory. Each is written completely or not at all,
// and is checked when it is read.
//
//   checkpoint-000000042.safetensors   the tensors
//   checkpoint-000000042.json          the rest, and the checksums of both
//
// The JSON file is written last, and a checkpoint without it is ignored.
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

    /// Throws Error if there is no tensor of that name.
    const at::Tensor& tensor(const std::string& name) const;
};

class Store {
  public:
    /// folder: created by the first save(). keep: how many of the newest checkpoints to keep, at
    /// least 1.
    explicit Store(std::filesystem::path folder, int64_t keep = 2);

    const std::filesystem::path& folder() const { return folder_; }

    /// Writes a checkpoint and then removes the oldest ones. `number` must be non-negative and
    /// increase from checkpoint to checkpoint. After a failure at any point, the directory contains
    /// this checkpoint or the previous one. Throws Error naming the file and the reason (no space,
    /// no permission); all previous checkpoints then remain intact.
    void save(int64_t number, const Checkpoint& checkpoint) const;

    /// Adds a checkpoint of this store to the store `to`, as hard links or, if the file system does
    /// not support them, as copies. Throws Error naming the file and the reason.
    void link(int64_t number, const Store& to, int64_t to_number) const;

    /// Returns the newest checkpoint that is intact, or nothing. Calls `warn` with one sentence for
    /// each damaged checkpoint that is skipped and for the checkpoint that is used instead.
    std::optional<Checkpoint> newest(
        const std::function<void(const std::string&)>& warn = {}) const;

    /// Returns the checkpoint with this number. Throws Error saying what is missing or damaged.
    Checkpoint load(int64_t number) const;

    /// Removes all but the newest `keep` checkpoints, and the temporary files of dead processes.
    void prune(int64_t keep) const;

    /// The numbers of all checkpoints, including damaged ones, in ascending order.
    std::vector<int64_t> numbers() const;

  private:
    std::filesystem::path path(int64_t number, const char* extension) const;
    std::filesystem::path folder_;
    int64_t keep_;
};

}  // namespace hfc::checkpoint
