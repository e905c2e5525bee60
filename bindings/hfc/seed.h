// Seeds for random numbers when a script does not set a seed.
#pragma once

#include "bindings/runtime/call.h"

#include <ATen/ATen.h>

#include <cstdint>
#include <optional>

namespace hfc::lua {

/// Draws a seed from torch's default generator, which torch.manual_seed sets. As in PyTorch, the
/// same call therefore draws different numbers the next time.
inline uint64_t drawn_seed() {
    return static_cast<uint64_t>(at::empty({}, at::kLong).random_().item<int64_t>());
}

/// The `seed` option, or nothing if it is not given.
inline std::optional<uint64_t> seed_option(Options& options) {
    std::optional<uint64_t> seed;
    options.with("seed",
                 [&](const Value& value) { seed = static_cast<uint64_t>(value.integer()); });
    return seed;
}

}  // namespace hfc::lua
