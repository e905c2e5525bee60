#include "base/device.h"

#include "base/error.h"

#include <ATen/Context.h>
#include <ATen/detail/CUDAHooksInterface.h>
#include <c10/core/impl/VirtualGuardImpl.h>
#include <dlfcn.h>

#include <charconv>
#include <optional>

namespace hfc {
namespace {

CudaStatus find_cuda() {
    if (dlopen("libcuda.so.1", RTLD_NOW | RTLD_GLOBAL) == nullptr) {
        return {false, "there is no NVIDIA driver (libcuda.so.1) on this machine", 0};
    }
    // Must run before LibTorch first checks for CUDA, because it remembers a negative answer until
    // the process ends.
    if (dlopen("libtorch_cuda.so", RTLD_NOW | RTLD_GLOBAL) == nullptr) {
        return {false,
                std::string("this is the CPU build of LibTorch; 'tools/setup --cuda' installs the "
                            "full build (") +
                    dlerror() + ")",
                0};
    }
    try {
        const int count = static_cast<int>(at::detail::getCUDAHooks().deviceCount());
        if (count == 0) {
            return {false, "the NVIDIA driver is installed, but it reports no device", 0};
        }
        return {true, "", count};
    } catch (const std::exception& error) {
        return {false, short_message(error), 0};
    }
}

std::optional<at::Device>& chosen_device() {
    static std::optional<at::Device> device;
    return device;
}

}  // namespace

const CudaStatus& cuda_status() {
    static const CudaStatus status = find_cuda();
    return status;
}

at::Device parse_device(std::string_view name) {
    if (name == "cpu") {
        return at::kCPU;
    }
    if (name == "auto") {
        return cuda_status().usable ? at::Device(at::kCUDA, 0) : at::Device(at::kCPU);
    }
    int index = 0;
    bool known = name == "cuda";
    if (name.starts_with("cuda:")) {
        const auto digits = name.substr(5);
        const auto [end, error] =
            std::from_chars(digits.data(), digits.data() + digits.size(), index);
        known = error == std::errc() && end == digits.data() + digits.size() && index >= 0 &&
                index < 128;
    }
    require(known, "unknown device '{}': expected auto, cpu, cuda or cuda:N", name);
    const auto& cuda = cuda_status();
    require(cuda.usable, "device '{}' cannot be used: {}", name, cuda.reason);
    require(index < cuda.devices, "device '{}' does not exist: this machine has {} CUDA device(s)",
            name, cuda.devices);
    return {at::kCUDA, static_cast<at::DeviceIndex>(index)};
}

at::Device default_device() {
    auto& device = chosen_device();
    if (!device) {
        device = parse_device("auto");
    }
    return *device;
}

void set_default_device(at::Device device) {
    chosen_device() = device;
}

void synchronize(at::Device device) {
    if (device.is_cuda()) {
        c10::impl::VirtualGuardImpl(device.type()).synchronizeDevice(device.index());
    }
}

}  // namespace hfc
