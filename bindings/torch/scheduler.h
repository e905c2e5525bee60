// The type LRScheduler.
#pragma once

#include "bindings/torch/optim.h"
#include "optim/schedule.h"

namespace hfc::lua {

struct Scheduler {
    OptimizerPtr optimizer;  ///< kept alive by its schedule
    optim::SchedulePtr schedule;
};

template <>
inline constexpr const char* type_name<Scheduler> = "LRScheduler";

/// Call it before the constructors are declared.
void register_scheduler_type(lua_State* L);

}  // namespace hfc::lua
