// Where tensors live. CUDA is found at run time: the same binary serves a laptop and a GPU box.
#pragma once

#include <c10/core/Device.h>

#include <string>
#include <string_view>

namespace hfc {

/// What became of CUDA on this machine: usable, or the reason why not (no driver, CPU-only
/// LibTorch, no device).
struct CudaStatus {
    bool usable = false;
    std::string reason;
    int devices = 0;
};

/// Loads LibTorch's CUDA half on the first call, if the driver is there. Never throws.
const CudaStatus& cuda_status();

/// "auto" (CUDA where usable, else the CPU), "cpu", "cuda" or "cuda:N". Throws Error for anything
/// else, for CUDA where it is not usable (saying why) and for a device number that does not exist.
at::Device parse_device(std::string_view name);

/// The device used where a script names none; "auto" until set by --device.
at::Device default_device();
void set_default_device(at::Device device);

/// Waits until the device has done all that was queued, so that a clock read after it is true.
/// Nothing on the CPU.
void synchronize(at::Device device);

}  // namespace hfc
