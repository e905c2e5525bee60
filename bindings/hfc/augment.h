// The augmentation options of hfc.augment and hfc.train.
#pragma once

#include "bindings/runtime/call.h"
#include "data/transform/augment.h"

namespace hfc::lua {

/// Reads the options `scale`, `translate`, `rotate`, `crop`, `pad` and `flip`, but not `seed`.
data::AugmentOptions read_augment(Options& options);

}  // namespace hfc::lua
