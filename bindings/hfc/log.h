// The option log: a Run or a Series that receives events.
#pragma once

#include "bindings/hfc/register.h"
#include "bindings/runtime/call.h"
#include "run/run.h"

namespace hfc::lua {

/// Without a run if the option is not set. Throws Error for anything but a Run or a Series.
Series read_log(lua_State* L, Options& options);

/// Adds the name of the series, if there is one.
void log_to(const Series& series, run::Json event);

}  // namespace hfc::lua
