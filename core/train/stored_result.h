// The results of epochs in the form in which checkpoints store them.
#pragma once

#include "checkpoint/store.h"
#include "train/train.h"

namespace hfc::train {

checkpoint::Json to_json(const EpochResult& result);

/// Throws nlohmann::json's exceptions if a field is missing or has the wrong type.
EpochResult to_result(const checkpoint::Json& json);

}  // namespace hfc::train
