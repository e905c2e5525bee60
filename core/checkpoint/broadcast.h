// A checkpoint that one process has read, for all.
#pragma once

#include "checkpoint/store.h"
#include "parallel/group.h"

#include <optional>

namespace hfc::checkpoint {

/// That of rank 0, or nothing where it has none. What the others give does not count.
std::optional<Checkpoint> broadcast(parallel::Group& group, std::optional<Checkpoint> checkpoint);

}  // namespace hfc::checkpoint
