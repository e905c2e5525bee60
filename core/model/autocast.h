// Convolutions and matrix products in bfloat16 or TF32 for a scope.
#pragma once

#include <c10/core/Device.h>
#include <c10/core/ScalarType.h>

namespace hfc::model {

/// torch.autocast(device, bfloat16) while this object exists, if `on`; otherwise it does nothing.
/// Applies to the calling thread and to backward passes started on it. Weights stay float32 and are
/// rounded at each use. Scopes can be nested; the last one restores the previous state.
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

/// While this object exists, if `on`, GPUs may round the factors of matrix products and
/// convolutions to TF32 (10 bits). Otherwise it does nothing. Applies to the whole process, like
/// PyTorch's flags, which the end of the scope resets.
class Tf32Scope {
  public:
    explicit Tf32Scope(bool on);
    ~Tf32Scope();
    Tf32Scope(const Tf32Scope&) = delete;
    Tf32Scope& operator=(const Tf32Scope&) = delete;

  private:
    // Whether the scope has set this flag. A flag that was already set does not change: the
    // precision of matrix products may be "medium", which allows more.
    bool products_;
    bool convolutions_;
};

}  // namespace hfc::model
