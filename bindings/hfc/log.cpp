#include "bindings/hfc/log.h"

#include "bindings/runtime/registry.h"

namespace hfc::lua {

Series read_log(lua_State* L, Options& options) {
    Series log;
    options.with("log", [&](const Value& value) {
        if (const auto* run = to_object<std::shared_ptr<run::Run>>(L, value.index())) {
            log.run = *run;
        } else if (const auto* series = to_object<Series>(L, value.index())) {
            log = *series;
        } else {
            value.expected("a Series or a Run");
        }
    });
    return log;
}

void log_to(const Series& series, run::Json event) {
    if (!series.name.empty()) {
        run::Json named = {{"series", series.name}};
        named.update(event);
        event = std::move(named);
    }
    series.run->log(event);
}

}  // namespace hfc::lua
