#include "bindings/torch/tensor.h"

#include "base/dtype_name.h"
#include "base/machine.h"
#include "bindings/runtime/collector.h"

#include <ATen/DeviceAccelerator.h>

#include <array>
#include <fstream>
#include <unordered_map>

#include <unistd.h>

namespace hfc::lua {
namespace {

/// The memory of the tensors on one device.
struct Device {
    int64_t live = 0;
    int64_t limit = 0;  ///< 0: not computed yet
};

/// The CPU, then the GPUs.
std::array<Device, 1 + 16> devices;
bool limit_passed = false;  ///< whether a device exceeded its limit since the last check
int64_t tensor_count = 0;
int64_t resident_limit = 0;  ///< for the whole process; 0: not computed yet

int place_of(const at::Tensor& tensor) {
    return tensor.is_cuda() ? 1 + std::clamp<int>(tensor.get_device(), 0, devices.size() - 2) : 0;
}

/// The memory of a device in bytes. It does not change, so it is queried only once.
uint64_t memory_of(size_t place) {
    static std::array<uint64_t, 1 + 16> known = {};
    if (known[place] == 0) {
        known[place] = memory_limit();
        if (place > 0) {
            const auto gpu = static_cast<c10::DeviceIndex>(place - 1);
            known[place] = at::getDeviceAllocator(at::kCUDA)->getMemoryInfo(gpu).second;
        }
    }
    return known[place];
}

/// A storage of at least this size is counted once, however many tensors share it; a smaller
/// storage is counted once per tensor.
constexpr int64_t large = 65536;

struct Held {
    int64_t users = 0;
    int64_t bytes = 0;
};

std::unordered_map<const void*, Held>& held() {
    static std::unordered_map<const void*, Held> storages;
    return storages;
}

/// The resident memory of the process in bytes; 0 if the system does not report it.
int64_t resident_bytes() {
    std::ifstream statm("/proc/self/statm");
    int64_t total = 0;
    int64_t resident = 0;
    return statm >> total >> resident ? resident * sysconf(_SC_PAGESIZE) : 0;
}

struct DtypeName {
    at::ScalarType dtype;
    const char* name;
};

constexpr DtypeName dtype_names[] = {
    {at::kFloat, "float32"},
    {at::kDouble, "float64"},
    {at::kHalf, "float16"},
    {at::kBFloat16, "bfloat16"},
    {at::kLong, "int64"},
    {at::kInt, "int32"},
    {at::kShort, "int16"},
    {at::kChar, "int8"},
    {at::kByte, "uint8"},
    {at::kBool, "bool"},
    {at::kComplexFloat, "complex64"},
    {at::kComplexDouble, "complex128"},
    {at::kUInt16, "uint16"},
    {at::kUInt32, "uint32"},
    {at::kUInt64, "uint64"},
    {at::kComplexHalf, "complex32"},
    {at::kFloat8_e4m3fn, "float8_e4m3fn"},
    {at::kFloat8_e4m3fnuz, "float8_e4m3fnuz"},
    {at::kFloat8_e5m2, "float8_e5m2"},
    {at::kFloat8_e5m2fnuz, "float8_e5m2fnuz"},
    {at::kFloat8_e8m0fnu, "float8_e8m0fnu"},
    {at::kFloat, "float"},
    {at::kDouble, "double"},
    {at::kHalf, "half"},
    {at::kLong, "long"},
    {at::kInt, "int"},
    {at::kShort, "short"},
    {at::kChar, "char"},
    {at::kByte, "byte"},
    {at::kComplexHalf, "chalf"},
    {at::kComplexFloat, "cfloat"},
    {at::kComplexDouble, "cdouble"},
};

struct LayoutName {
    at::Layout layout;
    const char* name;
};

constexpr LayoutName layout_names[] = {
    {at::kStrided, "strided"},      {at::kSparse, "sparse_coo"},    {at::kSparseCsr, "sparse_csr"},
    {at::kSparseCsc, "sparse_csc"}, {at::kSparseBsr, "sparse_bsr"}, {at::kSparseBsc, "sparse_bsc"},
    {at::kJagged, "jagged"},        {at::kMkldnn, "_mkldnn"},
};

}  // namespace

int64_t MemoryBudget::live_bytes() {
    int64_t bytes = 0;
    for (const auto& device : devices) {
        bytes += device.live;
    }
    return bytes;
}

int64_t MemoryBudget::live_tensors() {
    return tensor_count;
}

void MemoryBudget::collect_if_needed(lua_State* L, bool holds_graph) {
    // One small tensor can keep a graph alive, with all the data for its backward pass. This data
    // shows up only in the memory of the whole process.
    static int graphs = 0;
    const bool look = holds_graph && ++graphs % 8 == 0;
    const int64_t resident = look ? resident_bytes() : 0;
    if (look && resident_limit == 0) {
        resident_limit = next_collection(resident, memory_of(0));
    }
    if (!limit_passed && resident <= resident_limit) {
        return;
    }
    bool collect = resident > resident_limit;
    for (size_t place = 0; place < devices.size(); ++place) {
        Device& device = devices[place];
        if (device.live > 0 && device.limit == 0) {
            device.limit = next_collection(0, memory_of(place));
        }
        collect = collect || device.live > device.limit;
    }
    limit_passed = false;
    if (!collect) {
        return;
    }
    collect_garbage(L);
    for (size_t place = 0; place < devices.size(); ++place) {
        if (devices[place].live > 0) {
            devices[place].limit = next_collection(devices[place].live, memory_of(place));
        }
    }
    resident_limit = next_collection(resident_bytes(), memory_of(0));
}

LuaTensor::LuaTensor(at::Tensor value) : tensor(std::move(value)) {
    ++tensor_count;
    count();
}

void LuaTensor::count() {
    bytes_ = 0;
    storage_ = nullptr;
    if (!tensor.defined() || !tensor.has_storage() || tensor.is_meta()) {
        return;
    }
    device_ = place_of(tensor);
    Device& device = devices[device_];
    bytes_ = static_cast<int64_t>(tensor.storage().nbytes());
    if (bytes_ < large) {
        device.live += bytes_;
    } else {
        storage_ = tensor.storage().unsafeGetStorageImpl();
        Held& entry = held()[storage_];
        ++entry.users;
        // entry.bytes is 0 for a new storage and the old size for a resized one.
        device.live += bytes_ - entry.bytes;
        entry.bytes = bytes_;
    }
    limit_passed = limit_passed || device.live > device.limit;
}

void LuaTensor::uncount() {
    if (storage_ == nullptr) {
        devices[device_].live -= bytes_;
    } else if (const auto entry = held().find(storage_); --entry->second.users == 0) {
        devices[device_].live -= entry->second.bytes;
        held().erase(entry);
    }
}

void LuaTensor::recount() {
    uncount();
    count();
}

LuaTensor::~LuaTensor() {
    if (!tensor.defined()) {
        return;
    }
    TensorOrigins::forget(this);
    if (hooks) {
        forget_hooks(this);
    }
    --tensor_count;
    uncount();
}

// The moved-from object has an undefined tensor and is no longer counted.
LuaTensor::LuaTensor(LuaTensor&& other) noexcept
    : tensor(std::move(other.tensor)),
      hooks(std::move(other.hooks)),
      bytes_(other.bytes_),
      device_(other.device_),
      storage_(other.storage_) {}

void push(lua_State* L, at::Tensor&& tensor) {
    if (!tensor.defined()) {
        lua_pushnil(L);
        return;
    }
    MemoryBudget::collect_if_needed(L, tensor.requires_grad() && !tensor.is_leaf());
    TensorOrigins::remember(L, emplace_object<LuaTensor>(L, std::move(tensor)));
}

void push(lua_State* L, const at::Tensor& tensor) {
    push(L, at::Tensor(tensor));
}

void push_shared(lua_State* L, const at::Tensor& tensor) {
    static char cache_key;  // of a table with weak values: address of the TensorImpl -> userdata
    lua_pushlightuserdata(L, &cache_key);
    lua_rawget(L, LUA_REGISTRYINDEX);
    if (!lua_istable(L, -1)) {
        lua_pop(L, 1);
        lua_newtable(L);
        lua_createtable(L, 0, 1);
        lua_pushliteral(L, "v");
        lua_setfield(L, -2, "__mode");
        lua_setmetatable(L, -2);
        lua_pushlightuserdata(L, &cache_key);
        lua_pushvalue(L, -2);
        lua_rawset(L, LUA_REGISTRYINDEX);
    }
    lua_pushlightuserdata(L, tensor.unsafeGetTensorImpl());
    lua_rawget(L, -2);
    // If a userdata was destroyed or changed, another tensor may now have the same address.
    const at::Tensor* known = to_tensor(L, -1);
    if (known == nullptr || !known->is_same(tensor)) {
        lua_pop(L, 1);
        push(L, tensor);
        lua_pushlightuserdata(L, tensor.unsafeGetTensorImpl());
        lua_pushvalue(L, -2);
        lua_rawset(L, -4);
    }
    lua_remove(L, -2);
}

const at::Tensor* to_tensor(lua_State* L, int index) {
    const auto* object = to_object<LuaTensor>(L, index);
    return object == nullptr ? nullptr : &object->tensor;
}

std::vector<at::Tensor> read_tensors(lua_State* L, const Value& value, const char* what) {
    if (const at::Tensor* tensor = to_tensor(L, value.index())) {
        return {*tensor};
    }
    if (!lua_istable(L, value.index())) {
        value.expected("a Tensor or a list of Tensors");
    }
    std::vector<at::Tensor> tensors;
    const size_t length = lua_objlen(L, value.index());
    for (size_t i = 1; i <= length; ++i) {
        lua_rawgeti(L, value.index(), static_cast<int>(i));
        tensors.push_back(
            Value(L, lua_gettop(L), fmt::format("{} {}", what, i)).object<LuaTensor>().tensor);
        lua_pop(L, 1);
    }
    return tensors;
}

int push_results(lua_State* L, const std::vector<at::Tensor>& tensors) {
    luaL_checkstack(L, static_cast<int>(tensors.size()) + 4, "too many results");
    for (const auto& tensor : tensors) {
        push(L, tensor);
    }
    return static_cast<int>(tensors.size());
}

std::optional<at::ScalarType> find_dtype(const std::string& name) {
    for (const auto& entry : dtype_names) {
        if (name == entry.name) {
            return entry.dtype;
        }
    }
    return std::nullopt;
}

std::string layout_name(at::Layout layout) {
    for (const auto& entry : layout_names) {
        if (entry.layout == layout) {
            return entry.name;
        }
    }
    return "unknown";
}

std::optional<at::Layout> find_layout(const std::string& name) {
    for (const auto& entry : layout_names) {
        if (name == entry.name) {
            return entry.layout;
        }
    }
    return std::nullopt;
}

std::string describe_tensor(const at::Tensor& tensor) {
    const std::string device = tensor.is_cpu() ? "" : fmt::format(" on {}", tensor.device().str());
    return fmt::format("Tensor {} [{}]{}", dtype_name(tensor.scalar_type()),
                       fmt::join(tensor.sizes(), ", "), device);
}

}  // namespace hfc::lua
