// torch.autograd.Function: a differentiable function whose forward and backward are written in Lua.
#include "bindings/runtime/error.h"
#include "bindings/runtime/registry.h"
#include "bindings/torch/register.h"
#include "bindings/torch/tensor.h"

#include <torch/csrc/autograd/custom_function.h>

namespace hfc::lua {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

/// What one application of a function carries from its forward to its backward.
struct Application : torch::CustomClassHolder {
    Reference backward;
    Reference context;            ///< the table ctx
    std::vector<bool> is_tensor;  ///< for each argument of forward
};

/// Puts the results from `first` to the top of the stack into a list of tensors.
variable_list take_tensors(lua_State* L, int first, const char* who) {
    variable_list tensors;
    for (int i = first; i <= lua_gettop(L); ++i) {
        const at::Tensor* tensor = to_tensor(L, i);
        require(tensor != nullptr, "{} must return Tensors, result {} is {}", who, i - first + 1,
                describe(L, i));
        tensors.push_back(*tensor);
    }
    lua_settop(L, first - 1);
    return tensors;
}

/// ctx.saved as tensors; the field is cleared, because a tensor in ctx that depends on this
/// application would keep both alive for ever.
variable_list take_saved(lua_State* L, int context) {
    variable_list saved;
    lua_getfield(L, context, "saved");
    if (lua_istable(L, -1)) {
        const int list = lua_gettop(L);
        const size_t length = lua_objlen(L, list);
        for (size_t i = 1; i <= length; ++i) {
            lua_rawgeti(L, list, static_cast<int>(i));
            const at::Tensor* tensor = to_tensor(L, -1);
            require(tensor != nullptr, "ctx:save_for_backward takes Tensors, argument {} is {}", i,
                    describe(L, -1));
            saved.push_back(*tensor);
            lua_pop(L, 1);
        }
    }
    lua_pop(L, 1);
    lua_pushnil(L);
    lua_setfield(L, context, "saved");
    return saved;
}

struct LuaFunction : torch::autograd::Function<LuaFunction> {
    /// The Lua stack holds: forward, context, arguments. `inputs` only tells autograd which of them
    /// are tensors.
    static variable_list forward(AutogradContext* context, lua_State* L,
                                 const c10::intrusive_ptr<Application>& application, int arguments,
                                 at::TensorList /*inputs*/) {
        const int first = lua_gettop(L) - arguments - 1;
        protected_call(L, arguments + 1, LUA_MULTRET);
        auto outputs = take_tensors(L, first, "forward");
        require(!outputs.empty(), "forward must return at least one Tensor");
        application->context.push(L);
        context->save_for_backward(take_saved(L, lua_gettop(L)));
        lua_pop(L, 1);
        context->saved_data["application"] = c10::IValue::make_capsule(application);
        return outputs;
    }

    static variable_list backward(AutogradContext* context, const variable_list& gradients) {
        lua_State* L = running_state();
        const int top = lua_gettop(L);
        const auto holder = context->saved_data["application"].toCapsule();
        const auto& application = static_cast<const Application&>(*holder);
        luaL_checkstack(L, static_cast<int>(gradients.size() + application.is_tensor.size()) + 8,
                        "too many gradients");
        application.backward.push(L);
        application.context.push(L);
        push(L, std::vector<at::Tensor>(context->get_saved_variables()));
        lua_setfield(L, -2, "saved");
        for (const auto& gradient : gradients) {
            push(L, gradient);
        }
        protected_call(L, static_cast<int>(gradients.size()) + 1, LUA_MULTRET);
        auto results = read_gradients(L, top + 1, application.is_tensor);
        lua_settop(L, top);
        application.context.push(L);
        lua_pushnil(L);
        lua_setfield(L, -2, "saved");
        lua_pop(L, 1);
        return results;
    }

  private:
    /// Undefined ones for the three arguments of forward above that are no tensors, then one for
    /// each tensor.
    static variable_list read_gradients(lua_State* L, int first,
                                        const std::vector<bool>& is_tensor) {
        variable_list results(3);
        for (size_t i = 0; i < is_tensor.size(); ++i) {
            const int index = first + static_cast<int>(i);
            const at::Tensor* tensor = to_tensor(L, index);
            require(tensor != nullptr || lua_isnoneornil(L, index),
                    "backward must return a Tensor or nil for argument {} of forward, got {}",
                    i + 1, describe(L, index));
            require(tensor == nullptr || is_tensor[i],
                    "backward must return nil for argument {} of forward, which is no Tensor",
                    i + 1);
            if (is_tensor[i]) {
                results.push_back(tensor != nullptr ? *tensor : at::Tensor());
            }
        }
        return results;
    }
};

/// host.apply_function(forward, backward, ctx, ...) -> the results of forward
int apply_function(Call& call) {
    lua_State* L = call.L;
    const int arguments = call.count() - 3;
    auto application = c10::make_intrusive<Application>();
    lua_pushvalue(L, 2);
    application->backward = Reference(L);
    lua_pushvalue(L, 3);
    application->context = Reference(L);
    variable_list inputs;
    for (int i = 4; i <= call.count(); ++i) {
        const at::Tensor* tensor = to_tensor(L, i);
        application->is_tensor.push_back(tensor != nullptr);
        if (tensor != nullptr) {
            inputs.push_back(*tensor);
        }
    }
    lua_remove(L, 2);
    return push_results(L, LuaFunction::apply(L, application, arguments, at::TensorList(inputs)));
}

const Declaration apply_declaration = {"torch.autograd.Function", apply_function, ""};

}  // namespace

void push_apply_function(lua_State* L) {
    push_function(L, apply_declaration);
}

}  // namespace hfc::lua
