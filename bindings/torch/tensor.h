// Tensors in Lua: a userdata that owns an at::Tensor and tells the memory budget what it holds.
#pragma once

#include "bindings/runtime/call.h"
#include "bindings/torch/hooks.h"

#include <ATen/core/Generator.h>
#include <ATen/core/Tensor.h>

namespace hfc::lua {

/// Lua's collector sees a tensor as a few bytes; this counts what stands behind. When the live
/// bytes of a device, or those of the process while graphs for backward() are made, pass a limit
/// (what the last collection left and half as much again, never more than half of what the device
/// has beyond that), the next tensor that is made runs a full collection first.
class MemoryBudget {
  public:
    static int64_t live_bytes();
    static int64_t live_tensors();
    /// Collects if a limit is passed. holds_graph: the tensor to be made keeps what its backward
    /// pass needs.
    static void collect_if_needed(lua_State* L, bool holds_graph);
};

class LuaTensor;

/// Under --debug: the script's line that made each tensor that Lua holds.
class TensorOrigins {
  public:
    struct Entry {
        int64_t bytes;
        std::string description;  ///< "Tensor float32 [2, 3]"
        std::string line;         ///< "script.lua:12", or "" where no script made it
    };
    static void record(bool on);
    static void remember(lua_State* L, const LuaTensor& tensor);
    static void forget(const LuaTensor* tensor);
    /// The largest storages, each once, the largest first.
    static std::vector<Entry> largest(size_t count);
};

class LuaTensor {
  public:
    explicit LuaTensor(at::Tensor value);
    ~LuaTensor();
    LuaTensor(LuaTensor&& other) noexcept;
    LuaTensor(const LuaTensor&) = delete;
    LuaTensor& operator=(const LuaTensor&) = delete;
    LuaTensor& operator=(LuaTensor&&) = delete;

    /// Counts what the tensor holds now: its storage was resized or replaced.
    void recount();

    at::Tensor tensor;
    std::unique_ptr<HookSet> hooks;  ///< nullptr where none was registered

  private:
    void count();
    void uncount();

    // Tensors are made by the million: small ones stay small.
    int64_t bytes_ : 56 = 0;
    int64_t device_ : 8 = 0;         ///< whose budget counts it
    const void* storage_ = nullptr;  ///< of a large tensor, counted once for all that share it
};

template <>
inline constexpr const char* type_name<LuaTensor> = "Tensor";

/// Whoever takes a tensor may let C++ reach it: its hooks must be held then.
template <>
inline LuaTensor* to_object<LuaTensor>(lua_State* L, int index) {
    auto* box = detail::to_box<LuaTensor>(L, index);
    if (box == nullptr) {
        return nullptr;
    }
    if (box->object.hooks && box->object.hooks->dormant) [[unlikely]] {
        wake_hooks(L, index, &box->object);
    }
    return &box->object;
}

template <>
inline constexpr const char* type_name<at::Generator> = "Generator";

/// Pushes a tensor that this userdata then owns; an undefined one as nil.
void push(lua_State* L, const at::Tensor& tensor);
void push(lua_State* L, at::Tensor&& tensor);

/// As push(), but a tensor that this function pushed before and that is still alive in Lua is the
/// same userdata: for parameters, which scripts compare and use as keys of tables.
void push_shared(lua_State* L, const at::Tensor& tensor);

/// The tensor at `index`, or nullptr.
const at::Tensor* to_tensor(lua_State* L, int index);

/// The tensor that a function's argument must be.
inline const at::Tensor& tensor_argument(Call& call, int position, const char* parameter) {
    return call.argument(position, parameter).object<LuaTensor>().tensor;
}

/// A Tensor, or a list of them. Throws Error for anything else; `what` names an element: "element",
/// "parameter".
std::vector<at::Tensor> read_tensors(lua_State* L, const Value& value,
                                     const char* what = "element");

/// Pushes tensors as that many results and returns their number.
int push_results(lua_State* L, const std::vector<at::Tensor>& tensors);

/// A number or a boolean as a tensor without dimensions that, as in PyTorch, does not widen the
/// type of the tensors it meets; nothing for other values. Which numbers are integers: to_scalar
/// (numbers.h).
std::optional<at::Tensor> to_number_tensor(lua_State* L, int index);

/// "float32", "int64", ...: PyTorch's names for dtypes.
std::string dtype_name(at::ScalarType dtype);
/// Nothing for an unknown name.
std::optional<at::ScalarType> find_dtype(const std::string& name);

/// "strided", "sparse_coo", ...
std::string layout_name(at::Layout layout);
/// Nothing for an unknown name.
std::optional<at::Layout> find_layout(const std::string& name);

/// "Tensor float32 [2, 3]" for messages.
std::string describe_tensor(const at::Tensor& tensor);

}  // namespace hfc::lua
