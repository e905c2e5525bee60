// How batches are read: what the options of Dataset:batches and hfc.train have in common.
#pragma once

#include "bindings/runtime/call.h"
#include "data/loader.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace hfc::lua {

/// Reads `threads`; nothing unless given.
std::optional<int64_t> read_threads(Options& options);

/// Reads bad = "stop" (the default) or "skip".
data::Bad read_bad(Options& options);

/// Says on standard error which samples of the data set `name` were skipped: the first ten. Says
/// nothing where there are none.
void tell_skipped(const std::string& name, const std::vector<data::BadSample>& skipped);

}  // namespace hfc::lua
