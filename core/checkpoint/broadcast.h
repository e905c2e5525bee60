// Sends the checkpoint of one process to all others.
#pragma once

#include "checkpoint/store.h"
#include "parallel/group.h"

#include <optional>

namespace hfc::checkpoint {

/// Returns rank 0's checkpoint on all ranks, or nothing if rank 0 has none. The arguments of the
/// other ranks are ignored.
std::optional<Checkpoint> broadcast(parallel::Group& group, std::optional<Checkpoint> checkpoint);

}  // namespace hfc::checkpoint
