// Objectives, schedules and metrics written in Lua.
#pragma once

#include "bindings/runtime/call.h"
#include "train/metric.h"
#include "train/objective.h"
#include "train/rate_schedule.h"

#include <string>

namespace hfc::lua {

/// Pops a function from the stack and makes an objective that calls it: function(model, images,
/// labels, step) -> loss, {term = value}. The model is the value at stack index `model`.
train::ObjectivePtr make_lua_objective(lua_State* L, int model);

/// Pops a function from the stack and makes a schedule that calls it: function(epoch, step) ->
/// factor. Epochs and steps are counted from one.
train::RateSchedulePtr make_lua_schedule(lua_State* L);

/// Pops a function from the stack and makes a metric that calls it: function(logits, labels) ->
/// number.
train::MetricPtr make_lua_metric(lua_State* L, const std::string& name);

}  // namespace hfc::lua
