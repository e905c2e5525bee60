// Objectives and schedules that are written in Lua.
#pragma once

#include "bindings/runtime/call.h"
#include "train/metric.h"
#include "train/objective.h"
#include "train/rate_schedule.h"

#include <string>

namespace hfc::lua {

/// The function at the top of the stack, which it takes, as an objective: function(model, images,
/// labels, step) -> loss, {term = value}. The model is what stands at `model` on the stack.
train::ObjectivePtr make_lua_objective(lua_State* L, int model);

/// The function at the top of the stack, which it takes, as a schedule: function(epoch, step) ->
/// factor, both one-based.
train::RateSchedulePtr make_lua_schedule(lua_State* L);

/// The function at the top of the stack, which it takes, as a metric: function(logits, labels) ->
/// number.
train::MetricPtr make_lua_metric(lua_State* L, const std::string& name);

}  // namespace hfc::lua
