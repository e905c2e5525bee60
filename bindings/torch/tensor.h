// Tensors in Lua: a userdata that owns an at::Tensor and tells the memory budget what it holds.
#pragma once

#include "bindings/runtime/call.h"

#include <ATen/core/Generator.h>
#include <ATen/core/Tensor.h>

namespace hfc::lua {

/// Lua's collector sees a tensor as a few bytes; this counts what stands behind. When the live bytes pass a limit (512 MiB, or twice what
/// the last collection left) the next tensor that is made runs a full collection first.
class MemoryBudget {
  public:
    static int64_t live_bytes();
    static int64_t live_tensors();
    static void add(int64_t bytes);
    static void release(int64_t bytes);
    /// Collects if the limit is passed.
    static void collect_if_needed(lua_State* L);
};

class LuaTensor {
  public:
    explicit LuaTensor(at::Tensor value);
    ~LuaTensor();
    LuaTensor(LuaTensor&& other) noexcept;
    LuaTensor(const LuaTensor&) = delete;
    LuaTensor& operator=(const LuaTensor&) = delete;
    LuaTensor& operator=(LuaTensor&&) = delete;

    at::Tensor tensor;

  private:
    int64_t counted_ = 0;
};

template <>
inline constexpr const char* type_name<LuaTensor> = "Tensor";

template <>
inline constexpr const char* type_name<at::Generator> = "Generator";

/// Pushes a tensor that this userdata then owns; an undefined one as nil.
void push(lua_State* L, const at::Tensor& tensor);

/// The tensor at `index`, or nullptr.
const at::Tensor* to_tensor(lua_State* L, int index);

/// A number or a boolean as a tensor without dimensions that, as in PyTorch, does not widen the type of the tensors it meets; nothing for
/// other values. A number without a fraction is an integer: Lua does not tell 1 from 1.0.
std::optional<at::Tensor> to_number_tensor(lua_State* L, int index);

/// "float32", "int64", ...: PyTorch's names for dtypes.
std::string dtype_name(at::ScalarType dtype);
/// Nothing for an unknown name.
std::optional<at::ScalarType> find_dtype(const std::string& name);

/// "Tensor float32 [2, 3]" for messages.
std::string describe_tensor(const at::Tensor& tensor);

}  // namespace hfc::lua
