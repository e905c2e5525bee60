// Convolutions and matrix products in bfloat16 or TF32 for a scope.
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

/// GPUs may round the factors of matrix products and convolutions to TF32 (10 bits) while this
/// lives, where `on`; else nothing changes. For the whole process, as PyTorch's flags are; the end
/// of the scope sets them back.
class Tf32Scope {
  public:
    explicit Tf32Scope(bool on);
    ~Tf32Scope();
    Tf32Scope(const Tf32Scope&) = delete;
    Tf32Scope& operator=(const Tf32Scope&) = delete;

  private:
    // Which of the two flags the scope has set. One that was set is not touched: the precision of
    // matrix products may be "medium", which allows more.
    bool products_;
    bool convolutions_;
};

}  // namespace hfc::model
