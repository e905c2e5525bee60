// Writes checkpoints in the background, while training continues.
#pragma once

#include "checkpoint/store.h"

#include <cstdint>
#include <future>
#include <optional>

namespace hfc::checkpoint {

/// Writes one checkpoint at a time on its own thread. Only one thread may use this object.
class Writer {
  public:
    explicit Writer(Store store) : store_(std::move(store)) {}
    /// Waits for the checkpoint that is being written, but ignores any error in writing it.
    ~Writer();
    Writer(const Writer&) = delete;
    Writer& operator=(const Writer&) = delete;

    /// A second place for a checkpoint: a hard link in another store.
    struct Link {
        Store store;
        int64_t number = 0;
    };

    /// Waits for the previous checkpoint, throwing Error if it could not be written. Then starts
    /// writing this one, followed by its link. From then on, its tensors must not change.
    void save(int64_t number, Checkpoint checkpoint, std::optional<Link> link = {});
    /// Waits for the checkpoint that is being written. Throws Error if it could not be written.
    void wait();

  private:
    Store store_;
    std::future<void> running_;
};

}  // namespace hfc::checkpoint
