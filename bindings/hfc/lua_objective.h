// Objectives and schedules that are written in Lua.
#pragma once

#include "bindings/runtime/call.h"
#include "train/metric.h"
#include "train/objective.h"
#include "train/rate_schedule.h"

#include <string>

namespace hfc::lua {

/// Makes an objective from the function at the top of the stack, which is popped: function(model,
/// images, labels, step) -> loss, {term = value}. The model is the value at stack index `model`.
train::ObjectivePtr make_lua_objective(lua_State* L, int model);

/// Makes a schedule from the function at the top of the stack, which is popped: function(epoch,
/// step) -> factor. Both count from one.
train::RateSchedulePtr make_lua_schedule(lua_State* L);

/// Makes a metric from the function at the top of the stack, which is popped: function(logits,
/// labels) -> number.
train::MetricPtr make_lua_metric(lua_State* L, const std::string& name);

}  // namespace hfc::lua
