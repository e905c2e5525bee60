// How batches are read: the common options of Dataset:batches and hfc.train.
#pragma once

#include "bindings/runtime/call.h"
#include "data/loader.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace hfc::lua {

/// Reads `threads`; returns nothing if it is not given.
std::optional<int64_t> read_threads(Options& options);

/// Reads the option `bad`: "stop" (the default) or "skip".
data::Bad read_bad(Options& options);

/// Prints on standard error which samples of the data set `name` were skipped, at most the first
/// ten. Prints nothing if there are none.
void tell_skipped(const std::string& name, const std::vector<data::BadSample>& skipped);

}  // namespace hfc::lua
