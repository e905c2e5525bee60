// The devices that hold tensors. CUDA is detected at run time, so the same binary works with and
// without a GPU.
#pragma once

#include <c10/core/Device.h>

#include <string>
#include <string_view>

namespace hfc {

/// Whether CUDA is usable on this machine and, if not, why (no driver, CPU-only LibTorch, no
/// device).
struct CudaStatus {
    bool usable = false;
    std::string reason;
    int devices = 0;
};

/// Loads the CUDA part of LibTorch on the first call, if there is a driver. Never throws.
const CudaStatus& cuda_status();

/// Parses "auto" (CUDA if it is usable, otherwise the CPU), "cpu", "cuda" or "cuda:N". Throws Error
/// for anything else, for CUDA if it is not usable (with the reason) and for a device number that
/// does not exist.
at::Device parse_device(std::string_view name);

/// The device to use if a script does not name one; "auto" until --device sets it.
at::Device default_device();
void set_default_device(at::Device device);

/// Waits until the device has finished all queued work, so that times measured afterwards are
/// correct. Does nothing on the CPU.
void synchronize(at::Device device);

}  // namespace hfc
