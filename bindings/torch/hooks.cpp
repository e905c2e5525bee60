#include "bindings/torch/hooks.h"

#include "bindings/runtime/collector.h"
#include "bindings/runtime/registry.h"
#include "bindings/torch/register.h"
#include "bindings/torch/tensor.h"

#include <torch/csrc/autograd/variable.h>

#include <algorithm>
#include <unordered_set>

namespace hfc::lua {

/// The result of x:register_hook. It shares its environment with the tensor.
struct HookHandle {
    std::shared_ptr<Hook> hook;
    int place;
};

template <>
inline constexpr const char* type_name<HookHandle> = "Hook";

namespace {

std::unordered_set<const LuaTensor*>& awake() {
    static std::unordered_set<const LuaTensor*> tensors;
    return tensors;
}

/// Whether only this userdata owns the tensor and the node that made it.
bool only_lua_reaches(const at::Tensor& tensor) {
    if (tensor.use_count() != 1) {
        return false;
    }
    const auto* meta = torch::autograd::impl::get_autograd_meta(tensor);
    return meta == nullptr || meta->grad_fn_ == nullptr || meta->grad_fn_.use_count() == 1;
}

at::Tensor call_hook(const Hook& hook, const at::Tensor& gradient) {
    const Turn turn_to_ask;
    if (!hook.function) {
        return gradient;
    }
    const Turn turn(hook.function);
    lua_State* L = turn.state();
    require(lua_checkstack(L, 8) != 0, "calls to hooks are nested too deeply");
    hook.function.push(L);
    push(L, gradient);
    protected_call(L, 1, 1);
    const at::Tensor* changed = to_tensor(L, -1);
    at::Tensor result = changed != nullptr ? *changed : gradient;
    lua_pop(L, 1);
    return result;
}

void drop_removed(HookSet& set) {
    std::erase_if(set.hooks, [](const auto& entry) { return entry.second->removed; });
}

/// Puts hooks to sleep from time to time, so that the hooks of many tensors do not pile up until
/// memory runs short.
void sleep_sometimes() {
    static size_t limit = 32;
    if (awake().size() > limit) {
        put_hooks_to_sleep();
        limit = std::max<size_t>(32, 2 * awake().size());
    }
}

int register_hook(Call& call) {
    call.at_most(2);
    sleep_sometimes();
    lua_State* L = call.L;
    auto& object = call.argument(1, "tensor").object<LuaTensor>();
    if (!lua_isfunction(L, 2)) {
        call.argument(2, "hook").expected("a function");
    }
    auto hook = std::make_shared<Hook>();
    object.tensor.register_hook(
        [hook](const at::Tensor& gradient) { return call_hook(*hook, gradient); });
    if (!object.hooks) {
        object.hooks = std::make_unique<HookSet>();
        lua_newtable(L);
        lua_setfenv(L, 1);
    }
    HookSet& set = *object.hooks;
    drop_removed(set);
    const int place = set.next++;
    set.hooks[place] = hook;
    lua_getfenv(L, 1);
    lua_pushvalue(L, 2);
    lua_rawseti(L, -2, place);
    lua_pushvalue(L, 2);
    hook->function = Reference(L);
    watch_hooks(&object);
    push_object(L, HookHandle{std::move(hook), place});
    lua_insert(L, -2);
    lua_setfenv(L, -2);
    return 1;
}

int remove_hook(Call& call) {
    call.at_most(1);
    auto& handle = call.argument(1, "hook").object<HookHandle>();
    handle.hook->removed = true;
    handle.hook->function = Reference();
    lua_getfenv(call.L, 1);
    lua_pushnil(call.L);
    lua_rawseti(call.L, -2, handle.place);
    return 0;
}

const std::vector<Declaration> hook_declarations = {
    {"Tensor:register_hook", register_hook,
     "x:register_hook(function(gradient) ... end) -> Hook\n\nCalls the function with x's gradient "
     "in each backward pass. If the function returns a Tensor, this Tensor replaces the gradient. "
     "The hook stays active until you call hook:remove()."},
    {"Hook:remove", remove_hook,
     "hook:remove()\n\n"
     "Removes the hook that x:register_hook returned; its function is no longer called. Removing "
     "the hook again has no effect."},
};

}  // namespace

void watch_hooks(const LuaTensor* tensor) {
    awake().insert(tensor);
}

void forget_hooks(const LuaTensor* tensor) {
    awake().erase(tensor);
}

void wake_hooks(lua_State* L, int index, const LuaTensor* tensor) {
    luaL_checkstack(L, 4, "hooks");
    tensor->hooks->dormant = false;
    drop_removed(*tensor->hooks);
    lua_getfenv(L, index);
    for (auto& [place, hook] : tensor->hooks->hooks) {
        lua_rawgeti(L, -1, place);
        hook->function = Reference(L);
    }
    lua_pop(L, 1);
    awake().insert(tensor);
}

int put_hooks_to_sleep() {
    int count = 0;
    for (auto entry = awake().begin(); entry != awake().end();) {
        const LuaTensor& object = **entry;
        if (!only_lua_reaches(object.tensor)) {
            ++entry;
            continue;
        }
        drop_removed(*object.hooks);
        for (auto& [place, hook] : object.hooks->hooks) {
            hook->function = Reference();
        }
        object.hooks->dormant = true;
        entry = awake().erase(entry);
        ++count;
    }
    return count;
}

namespace detail {

void register_hooks(lua_State* L) {
    register_type<HookHandle>(L);
    declare(L, hook_declarations);
    set_release(put_hooks_to_sleep);
}

}  // namespace detail
}  // namespace hfc::lua
