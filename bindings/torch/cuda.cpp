// torch.cuda and torch.amp.
#include "base/device.h"
#include "base/error.h"
#include "bindings/runtime/error.h"
#include "bindings/runtime/registry.h"
#include "bindings/torch/register.h"
#include "bindings/torch/tensor.h"

#include <ATen/Context.h>
#include <ATen/autocast_mode.h>
#include <c10/core/CachingDeviceAllocator.h>
#include <c10/core/impl/VirtualGuardImpl.h>

namespace hfc::lua {
namespace {

int is_available(Call& call) {
    return call.returns(cuda_status().usable);
}

int device_count(Call& call) {
    return call.returns(cuda_status().devices);
}

int current_device(Call& call) {
    parse_device("cuda");
    return call.returns(
        static_cast<int>(c10::impl::VirtualGuardImpl(at::kCUDA).getDevice().index()));
}

/// The device in the first argument: a number or "cuda:1". If it is missing, the current device.
at::Device device_argument(Call& call) {
    if (!call.given(1)) {
        parse_device("cuda");
        return c10::impl::VirtualGuardImpl(at::kCUDA).getDevice();
    }
    const bool by_number = lua_type(call.L, 1) == LUA_TNUMBER;
    const Value value = call.argument(1, "device");
    const auto device =
        parse_device(by_number ? fmt::format("cuda:{}", value.integer()) : value.text());
    require(device.is_cuda(), "expected a CUDA device, got '{}'", device.str());
    return device;
}

int set_device(Call& call) {
    c10::impl::VirtualGuardImpl(at::kCUDA).setDevice(device_argument(call));
    return 0;
}

int synchronize_device(Call& call) {
    synchronize(device_argument(call));
    return 0;
}

/// Without a GPU, does nothing and raises no error, as in PyTorch.
int seed_devices(Call& call) {
    const auto seed = static_cast<uint64_t>(call.argument(1, "seed").integer());
    for (int i = 0; i < cuda_status().devices; ++i) {
        const at::Device device(at::kCUDA, static_cast<at::DeviceIndex>(i));
        at::Generator generator = at::globalContext().defaultGenerator(device);
        generator.set_current_seed(seed);
    }
    return 0;
}

int empty_cache(Call&) {
    if (cuda_status().usable) {
        at::globalContext().lazyInitDevice(at::kCUDA);
        c10::getDeviceAllocator(at::kCUDA)->emptyCache();
    }
    return 0;
}

using Stats = c10::CachingDeviceAllocator::DeviceStats;

/// Returns a number of bytes from the device's allocator; 0 without a GPU, as in PyTorch.
int push_statistic(Call& call, int64_t (*read)(const Stats&)) {
    if (!cuda_status().usable) {
        return call.returns(0);
    }
    at::globalContext().lazyInitDevice(at::kCUDA);
    const auto device = device_argument(call);
    return call.returns(read(c10::getDeviceAllocator(at::kCUDA)->getDeviceStats(device.index())));
}

int memory_allocated(Call& call) {
    return push_statistic(call, [](const Stats& s) { return s.allocated_bytes[0].current; });
}

int max_memory_allocated(Call& call) {
    return push_statistic(call, [](const Stats& s) { return s.allocated_bytes[0].peak; });
}

int memory_reserved(Call& call) {
    return push_statistic(call, [](const Stats& s) { return s.reserved_bytes[0].current; });
}

int max_memory_reserved(Call& call) {
    return push_statistic(call, [](const Stats& s) { return s.reserved_bytes[0].peak; });
}

int reset_peak(Call& call) {
    if (cuda_status().usable) {
        at::globalContext().lazyInitDevice(at::kCUDA);
        c10::getDeviceAllocator(at::kCUDA)->resetPeakStats(device_argument(call).index());
    }
    return 0;
}

/// Sets mixed precision, and restores the previous setting when it is destroyed.
class AutocastGuard {
  public:
    AutocastGuard(at::DeviceType device, at::ScalarType dtype, bool enabled)
        : device_(device),
          enabled_before_(at::autocast::is_autocast_enabled(device)),
          dtype_before_(at::autocast::get_autocast_dtype(device)) {
        at::autocast::set_autocast_enabled(device, enabled);
        at::autocast::set_autocast_dtype(device, dtype);
        at::autocast::increment_nesting();
    }
    ~AutocastGuard() {
        if (at::autocast::decrement_nesting() == 0) {
            at::autocast::clear_cache();
        }
        at::autocast::set_autocast_enabled(device_, enabled_before_);
        at::autocast::set_autocast_dtype(device_, dtype_before_);
    }
    AutocastGuard(const AutocastGuard&) = delete;
    AutocastGuard& operator=(const AutocastGuard&) = delete;

  private:
    at::DeviceType device_;
    bool enabled_before_;
    at::ScalarType dtype_before_;
};

int autocast(Call& call) {
    const std::string name = call.argument(1, "device").text();
    require(name == "cpu" || name == "cuda", "device: expected 'cpu' or 'cuda', got '{}'", name);
    const auto device = name == "cpu" ? at::kCPU : at::kCUDA;
    const int function = lua_isfunction(call.L, 2) ? 2 : 3;
    auto options = call.options(function == 2 ? 0 : 2);
    const std::string dtype = options.text("dtype", name == "cpu" ? "bfloat16" : "float16");
    const bool enabled = options.boolean("enabled", true);
    options.finish();
    const auto wanted = find_dtype(dtype);
    require(wanted == at::kHalf || wanted == at::kBFloat16,
            "dtype: expected 'float16' or 'bfloat16', got '{}'", dtype);
    if (!lua_isfunction(call.L, function)) {
        call.argument(function, "function").expected("a function");
    }
    const AutocastGuard guard(device, *wanted, enabled);
    protected_call(call.L, call.count() - function, LUA_MULTRET);
    return lua_gettop(call.L) - function + 1;
}

int is_autocast_enabled(Call& call) {
    return call.returns(at::autocast::is_autocast_enabled(at::kCPU) ||
                        at::autocast::is_autocast_enabled(at::kCUDA));
}

const std::vector<Declaration> cuda_functions = {
    {"torch.cuda.is_available", is_available,
     "torch.cuda.is_available() -> boolean\n\n"
     "Returns true if a GPU is available."},
    {"torch.cuda.device_count", device_count,
     "torch.cuda.device_count() -> number\n\n"
     "Returns the number of available GPUs."},
    {"torch.cuda.current_device", current_device,
     "torch.cuda.current_device() -> number\n\n"
     "Returns the index of the GPU that \"cuda\" refers to."},
    {"torch.cuda.set_device", set_device,
     "torch.cuda.set_device(device)\n\n"
     "Sets the GPU that \"cuda\" refers to from now on, by index or name."},
    {"torch.cuda.synchronize", synchronize_device,
     "torch.cuda.synchronize(device)\n\n"
     "Waits until the GPU has finished all queued work, so that time measurements are correct."},
    {"torch.cuda.manual_seed_all", seed_devices,
     "torch.cuda.manual_seed_all(seed)\n\n"
     "Seeds the generators of all GPUs. Without a GPU it does nothing."},
    {"torch.cuda.manual_seed", seed_devices,
     "torch.cuda.manual_seed(seed)\n\nThe same as torch.cuda.manual_seed_all."},
    {"torch.cuda.empty_cache", empty_cache,
     "torch.cuda.empty_cache()\n\n"
     "Returns unused memory to the driver."},
    {"torch.cuda.memory_allocated", memory_allocated,
     "torch.cuda.memory_allocated(device) -> number\n\n"
     "Returns the number of bytes of GPU memory that tensors use now, or 0 without a GPU."},
    {"torch.cuda.max_memory_allocated", max_memory_allocated,
     "torch.cuda.max_memory_allocated(device) -> number\n\n"
     "Returns the largest number of bytes that tensors have used at any time so far."},
    {"torch.cuda.memory_reserved", memory_reserved,
     "torch.cuda.memory_reserved(device) -> number\n\n"
     "Returns the number of bytes that PyTorch has reserved, used or not."},
    {"torch.cuda.max_memory_reserved", max_memory_reserved,
     "torch.cuda.max_memory_reserved(device) -> number\n\n"
     "Returns the largest number of bytes that PyTorch has reserved at any time so far."},
    {"torch.cuda.reset_peak_memory_stats", reset_peak,
     "torch.cuda.reset_peak_memory_stats(device)\n\n"
     "Resets the peaks that max_memory_allocated and max_memory_reserved return."},
    {"torch.amp.autocast", autocast,
     "torch.amp.autocast(device, {dtype, enabled = true}, function, ...) -> its results\n\n"
     "Calls the function with mixed precision, like Python's `with torch.amp.autocast(...)`. "
     "Matrix products and convolutions use dtype; sums and losses stay in float32. device: \"cpu\" "
     "or \"cuda\". dtype: by default \"bfloat16\" on the CPU and \"float16\" on a GPU."},
    {"torch.is_autocast_enabled", is_autocast_enabled,
     "torch.is_autocast_enabled() -> boolean\n\n"
     "Returns true inside torch.amp.autocast."},
};

}  // namespace

namespace detail {

void register_cuda(lua_State* L) {
    declare(L, cuda_functions);
    lua_getglobal(L, "torch");
    lua_getfield(L, -1, "amp");
    lua_getfield(L, -1, "autocast");
    lua_setfield(L, -3, "autocast");
    lua_pop(L, 2);
}

}  // namespace detail
}  // namespace hfc::lua
