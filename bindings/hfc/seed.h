// Seeds of what a script draws without naming one.
#pragma once

#include <ATen/ATen.h>

#include <cstdint>

namespace hfc::lua {

/// A seed from torch's default generator, which torch.manual_seed sets: as in PyTorch, the same
/// call draws other numbers the next time.
inline uint64_t drawn_seed() {
    return static_cast<uint64_t>(at::empty({}, at::kLong).random_().item<int64_t>());
}

}  // namespace hfc::lua
