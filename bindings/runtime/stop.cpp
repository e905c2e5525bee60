// Ends a script even if it catches errors: after a requested Exit, and after Ctrl-C.
#include "base/interrupt.h"
#include "bindings/runtime/error.h"

#include <utility>

namespace hfc::lua {
namespace {

std::optional<Exit> pending;

}  // namespace

void check_stop() {
    if (pending) {
        throw Exit(*pending);
    }
    check_interrupt();
}

void remember_exit(const Exit& exit) {
    pending = exit;
}

bool must_stop() {
    return pending.has_value() || interrupt_requested();
}

std::optional<Exit> take_exit() {
    return std::exchange(pending, std::nullopt);
}

}  // namespace hfc::lua
