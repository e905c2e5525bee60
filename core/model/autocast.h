// Convolutions and matrix products in bfloat16 for a scope.
#pragma once

#include <c10/core/Device.h>
#include <c10/core/ScalarType.h>

namespace hfc::model {

/// torch.autocast(device, bfloat16) while this lives, where `on`; else nothing. Of the calling
/// thread, and of backward passes begun in it. Weights stay float32 and are rounded at each use.
/// Scopes nest; the last one restores what was.
class AutocastScope {
  public:
    AutocastScope(at::DeviceType device, bool on);
    ~AutocastScope();
    AutocastScope(const AutocastScope&) = delete;
    AutocastScope& operator=(const AutocastScope&) = delete;

  private:
    at::DeviceType device_;
    bool on_;
    bool was_enabled_ = false;
    at::ScalarType was_ = at::kBFloat16;
};

}  // namespace hfc::model
