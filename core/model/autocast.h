// Runs convolutions and matrix products in bfloat16 or TF32 within a scope.
#pragma once

#include <c10/core/Device.h>
#include <c10/core/ScalarType.h>

namespace hfc::model {

/// If `on`, acts like torch.autocast(device, bfloat16) while this object exists. Applies to the
/// calling thread and to backward passes started on it. Weights stay float32 and are rounded at
/// each use. Scopes can be nested; each one restores the previous state when it ends.
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

/// If `on`, GPUs may round the factors of matrix products and convolutions to TF32 (10 bits) while
/// this object exists. Sets PyTorch's flags, which apply to the whole process, and restores them
/// when the scope ends.
class Tf32Scope {
  public:
    explicit Tf32Scope(bool on);
    ~Tf32Scope();
    Tf32Scope(const Tf32Scope&) = delete;
    Tf32Scope& operator=(const Tf32Scope&) = delete;

  private:
    // Whether the scope has set the flag. A flag that was already set is left alone, because the
    // precision of matrix products may be "medium", which permits coarser rounding.
    bool products_;
    bool convolutions_;
};

}  // namespace hfc::model
