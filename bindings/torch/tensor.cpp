#include "bindings/torch/tensor.h"

#include <atomic>

namespace hfc::lua {
namespace {

std::atomic<int64_t> live = 0;
std::atomic<int64_t> tensor_count = 0;
int64_t limit = int64_t{512} << 20;

/// Bytes that die with this tensor: none where somebody else holds the storage too.
int64_t own_bytes(const at::Tensor& tensor) {
    if (!tensor.defined() || !tensor.has_storage() || tensor.storage().use_count() > 1) {
        return 0;
    }
    return static_cast<int64_t>(tensor.storage().nbytes());
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
    {at::kFloat, "float"},
    {at::kDouble, "double"},
    {at::kHalf, "half"},
    {at::kLong, "long"},
    {at::kInt, "int"},
    {at::kShort, "short"},
};

}  // namespace

int64_t MemoryBudget::live_bytes() {
    return live;
}

int64_t MemoryBudget::live_tensors() {
    return tensor_count;
}

void MemoryBudget::add(int64_t bytes) {
    live += bytes;
}

void MemoryBudget::release(int64_t bytes) {
    live -= bytes;
}

void MemoryBudget::collect_if_needed(lua_State* L) {
    if (live <= limit) {
        return;
    }
    lua_gc(L, LUA_GCCOLLECT, 0);
    limit = std::max(int64_t{512} << 20, 2 * live.load());
}

LuaTensor::LuaTensor(at::Tensor value) : tensor(std::move(value)), counted_(own_bytes(tensor)) {
    MemoryBudget::add(counted_);
    ++tensor_count;
}

LuaTensor::~LuaTensor() {
    MemoryBudget::release(counted_);
    if (tensor.defined()) {
        --tensor_count;
    }
}

// The moved-from one is undefined and counts no more.
LuaTensor::LuaTensor(LuaTensor&& other) noexcept : tensor(std::move(other.tensor)), counted_(std::exchange(other.counted_, 0)) {}

void push(lua_State* L, const at::Tensor& tensor) {
    if (!tensor.defined()) {
        lua_pushnil(L);
        return;
    }
    MemoryBudget::collect_if_needed(L);
    push_object(L, LuaTensor(tensor));
}

const at::Tensor* to_tensor(lua_State* L, int index) {
    const auto* object = to_object<LuaTensor>(L, index);
    return object == nullptr ? nullptr : &object->tensor;
}

std::string dtype_name(at::ScalarType dtype) {
    for (const auto& entry : dtype_names) {
        if (entry.dtype == dtype) {
            return entry.name;
        }
    }
    return c10::toString(dtype);
}

std::optional<at::ScalarType> find_dtype(const std::string& name) {
    for (const auto& entry : dtype_names) {
        if (name == entry.name) {
            return entry.dtype;
        }
    }
    return std::nullopt;
}

std::string describe_tensor(const at::Tensor& tensor) {
    const std::string device = tensor.is_cpu() ? "" : fmt::format(" on {}", tensor.device().str());
    return fmt::format("Tensor {} [{}]{}", dtype_name(tensor.scalar_type()), fmt::join(tensor.sizes(), ", "), device);
}

}  // namespace hfc::lua
