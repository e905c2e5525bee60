// Tensors in Lua: a userdata that owns an at::Tensor and reports its size to the memory budget.
#pragma once

#include "bindings/runtime/call.h"
#include "bindings/torch/hooks.h"

#include <ATen/core/Generator.h>
#include <ATen/core/Tensor.h>

namespace hfc::lua {

/// To Lua's collector, a tensor takes up only a few bytes, so this class counts the memory of the
/// tensors. A full collection runs before the next tensor is made if the live bytes of a device
/// exceed a limit. While graphs for backward() are being built, the memory of the process is
/// limited as well. next_collection (base/machine.h) computes these limits from the bytes left by
/// the last collection.
class MemoryBudget {
  public:
    static int64_t live_bytes();
    static int64_t live_tensors();
    /// Runs a collection if a limit is exceeded. holds_graph: the new tensor keeps what its
    /// backward pass needs.
    static void collect_if_needed(lua_State* L, bool holds_graph);
};

class LuaTensor;

/// With --debug: the script line that made each tensor that Lua still holds.
class TensorOrigins {
  public:
    struct Entry {
        int64_t bytes;
        std::string description;  ///< "Tensor float32 [2, 3]"
        std::string line;         ///< "script.lua:12", or "" if no script made it
    };
    static void record(bool on);
    static void remember(lua_State* L, const LuaTensor& tensor);
    static void forget(const LuaTensor* tensor);
    /// The largest storages, each listed once, in descending order.
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

    /// Counts the tensor's memory again after its storage was resized or replaced.
    void recount();

    at::Tensor tensor;
    std::unique_ptr<HookSet> hooks;  ///< nullptr if none was registered

  private:
    void count();
    void uncount();

    // Scripts make millions of tensors, so this type must be small.
    int64_t bytes_ : 56 = 0;
    int64_t device_ : 8 = 0;  ///< the device whose budget counts it
    /// The storage of a large tensor, counted once for all tensors that share it.
    const void* storage_ = nullptr;
};

template <>
inline constexpr const char* type_name<LuaTensor> = "Tensor";

/// Code that uses the tensor may let C++ reach it, so dormant hooks are woken here.
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

/// Pushes a tensor, which the new userdata then owns; an undefined tensor becomes nil.
void push(lua_State* L, const at::Tensor& tensor);
void push(lua_State* L, at::Tensor&& tensor);

/// Like push(), but pushes the same userdata again if this function has already pushed the tensor
/// and the userdata is still alive. This is for parameters, which scripts compare and use as table
/// keys.
void push_shared(lua_State* L, const at::Tensor& tensor);

/// The tensor at `index`, or nullptr.
const at::Tensor* to_tensor(lua_State* L, int index);

/// Returns the Tensor given as an argument.
inline const at::Tensor& tensor_argument(Call& call, int position, const char* parameter) {
    return call.argument(position, parameter).object<LuaTensor>().tensor;
}

/// Reads a Tensor or a list of Tensors. Throws Error for anything else; `what` is the name of an
/// element: "element", "parameter".
std::vector<at::Tensor> read_tensors(lua_State* L, const Value& value,
                                     const char* what = "element");

/// Pushes tensors as separate results and returns their number.
int push_results(lua_State* L, const std::vector<at::Tensor>& tensors);

/// Converts a number or a boolean to a tensor without dimensions that, as in PyTorch, does not
/// widen the dtype of other tensors; returns nothing for other values. to_scalar (numbers.h)
/// describes which numbers become integers.
std::optional<at::Tensor> to_number_tensor(lua_State* L, int index);

/// The dtype that a name such as "float32" stands for; nothing for an unknown name.
std::optional<at::ScalarType> find_dtype(const std::string& name);

/// "strided", "sparse_coo", ...
std::string layout_name(at::Layout layout);
/// Returns nothing for an unknown name.
std::optional<at::Layout> find_layout(const std::string& name);

/// "Tensor float32 [2, 3]" for messages.
std::string describe_tensor(const at::Tensor& tensor);

}  // namespace hfc::lua
