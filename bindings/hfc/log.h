// The `log` option: a Run or a Series that receives events.
#pragma once

#include "bindings/hfc/register.h"
#include "bindings/runtime/call.h"
#include "run/run.h"

namespace hfc::lua {

/// Returns a Series without a run if the option is not set. Throws Error for any value other than a
/// Run or a Series.
Series read_log(lua_State* L, Options& options);

/// Logs the event together with the name of the series, if there is one.
void log_to(const Series& series, run::Json event);

}  // namespace hfc::lua
