// Checkpoints written beside the work that makes them.
#pragma once

#include "checkpoint/store.h"

#include <cstdint>
#include <future>
#include <optional>

namespace hfc::checkpoint {

/// Writes one checkpoint at a time on a thread of its own. Used by one thread.
class Writer {
  public:
    explicit Writer(Store store) : store_(std::move(store)) {}
    /// Waits for the checkpoint that is being written. A fault of it is lost.
    ~Writer();
    Writer(const Writer&) = delete;
    Writer& operator=(const Writer&) = delete;

    /// Where else a checkpoint is to be found: a hard link in another store.
    struct Link {
        Store store;
        int64_t number = 0;
    };

    /// Begins to write a checkpoint, whose tensors nobody may change any more, and then makes its
    /// link. Waits for the checkpoint before it first. Throws the Error of that one.
    void save(int64_t number, Checkpoint checkpoint, std::optional<Link> link = {});
    /// Waits for the checkpoint that is being written. Throws its Error.
    void wait();

  private:
    Store store_;
    std::future<void> running_;
};

}  // namespace hfc::checkpoint
