// The results of epochs as checkpoints keep them.
#pragma once

#include "checkpoint/store.h"
#include "train/train.h"

namespace hfc::train {

checkpoint::Json to_json(const EpochResult& result);

/// Throws nlohmann::json's exceptions where a field is missing or of another kind.
EpochResult to_result(const checkpoint::Json& json);

}  // namespace hfc::train
