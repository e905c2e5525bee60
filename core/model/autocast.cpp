#include "model/autocast.h"

#include <ATen/Context.h>
#include <ATen/autocast_mode.h>

namespace hfc::model {

AutocastScope::AutocastScope(at::DeviceType device, bool on) : device_(device), on_(on) {
    if (on_) {
        was_enabled_ = at::autocast::is_autocast_enabled(device_);
        was_ = at::autocast::get_autocast_dtype(device_);
        at::autocast::set_autocast_enabled(device_, true);
        at::autocast::set_autocast_dtype(device_, at::kBFloat16);
        at::autocast::increment_nesting();
    }
}

AutocastScope::~AutocastScope() {
    if (on_) {
        if (at::autocast::decrement_nesting() == 0) {
            at::autocast::clear_cache();
        }
        at::autocast::set_autocast_dtype(device_, was_);
        at::autocast::set_autocast_enabled(device_, was_enabled_);
    }
}

Tf32Scope::Tf32Scope(bool on)
    : products_(on && !at::globalContext().allowTF32CuBLAS()),
      convolutions_(on && !at::globalContext().allowTF32CuDNN()) {
    if (products_) {
        at::globalContext().setAllowTF32CuBLAS(true);
    }
    if (convolutions_) {
        at::globalContext().setAllowTF32CuDNN(true);
    }
}

Tf32Scope::~Tf32Scope() {
    if (products_) {
        at::globalContext().setAllowTF32CuBLAS(false);
    }
    if (convolutions_) {
        at::globalContext().setAllowTF32CuDNN(false);
    }
}

}  // namespace hfc::model
