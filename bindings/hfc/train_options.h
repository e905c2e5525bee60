// The options of hfc.train.
#pragma once

#include "bindings/runtime/call.h"
#include "bindings/runtime/lua_thread.h"
#include "run/run.h"
#include "train/train.h"

#include <memory>
#include <optional>
#include <string>

namespace hfc::lua {

/// All options of hfc.train.
struct TrainCall {
    train::TrainOptions settings;
    std::string series;
    std::shared_ptr<run::Run> run;
    std::optional<bool> checkpoints;  ///< if unset, checkpoints are written if there is a run
    bool quiet = false;
    bool log_kernels = false;
    Reference on_epoch;  ///< a function, or nothing
    Reference on_step;
};

/// Reads the options at `position`. The model is argument 1; dataset: the training data.
TrainCall read_train_options(Call& call, int position, const data::Dataset& dataset);

}  // namespace hfc::lua
