// host.data_pointer, which the prelude uses for x:data().
#include "base/dtype_name.h"
#include "bindings/runtime/registry.h"
#include "bindings/torch/register.h"
#include "bindings/torch/tensor.h"

#include <memory>
#include <unordered_map>

namespace hfc::lua {
namespace {

/// Memory that Lua has pointers to. As long as an object of this class refers to it, the memory
/// stays in place: operators that would move it (resize_) raise an error, and operators that give
/// the tensor different memory (set_, set_data) do not free it.
class Exported {
  public:
    explicit Exported(const at::Tensor& tensor) : alias_(tensor.detach()) {
        Entry& entry = entries()[storage()];
        if (++entry.count == 1) {
            entry.resizable = storage()->resizable();
            storage()->set_resizable(false);
        }
    }
    ~Exported() {
        const auto entry = entries().find(storage());
        if (--entry->second.count == 0) {
            storage()->set_resizable(entry->second.resizable);
            entries().erase(entry);
        }
    }
    Exported(const Exported&) = delete;
    Exported& operator=(const Exported&) = delete;

  private:
    struct Entry {
        int64_t count = 0;
        bool resizable = true;
    };
    static std::unordered_map<const c10::StorageImpl*, Entry>& entries() {
        static std::unordered_map<const c10::StorageImpl*, Entry> all;
        return all;
    }
    c10::StorageImpl* storage() const { return alias_.tensor.storage().unsafeGetStorageImpl(); }

    LuaTensor alias_;  ///< counted by hfc.memory()
};

using ExportedPtr = std::unique_ptr<Exported>;

}  // namespace

template <>
inline constexpr const char* type_name<ExportedPtr> = "ExportedMemory";

namespace {

/// host.data_pointer(x) -> address, dtype, elements, an object that keeps the memory alive
int data_pointer(Call& call) {
    const at::Tensor tensor = tensor_argument(call, 1, "tensor");
    require(tensor.is_cpu(), "the elements are on {}; call x:cpu() first", tensor.device().str());
    require(tensor.layout() == at::kStrided && tensor.is_contiguous(),
            "the tensor is not contiguous; call x:contiguous() first");
    require(!tensor.is_conj() && !tensor.is_neg() && !tensor._is_zerotensor(),
            "a conjugation or negation of the elements is pending; call x:clone() first");
    require(tensor.has_storage(), "the tensor has no memory of its own; call x:clone() first");
    auto kept = std::make_unique<Exported>(tensor);
    lua_pushlightuserdata(call.L, tensor.data_ptr());
    push(call.L, dtype_name(tensor.scalar_type()));
    push(call.L, tensor.numel());
    push_object(call.L, std::move(kept));
    return 4;
}

const Declaration data_pointer_declaration = {"Tensor:data", data_pointer, ""};

}  // namespace

void push_data_pointer(lua_State* L) {
    push_function(L, data_pointer_declaration);
}

namespace detail {

void register_pointers(lua_State* L) {
    register_type<ExportedPtr>(L);
}

}  // namespace detail
}  // namespace hfc::lua
