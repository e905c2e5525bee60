// torch.autograd.Function: a differentiable function whose forward and backward are written in Lua.
#include "bindings/runtime/error.h"
#include "bindings/runtime/registry.h"
#include "bindings/torch/register.h"
#include "bindings/torch/tensor.h"

#include <torch/csrc/autograd/custom_function.h>
#include <torch/csrc/autograd/graph_task.h>

#include <algorithm>

namespace hfc::lua {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

/// The data that one application of a function keeps from its forward for its backward.
struct Application : torch::CustomClassHolder {
    Reference backward;
    Reference context;            ///< the table ctx
    Reference outputs_kept;       ///< a list: table, key, table, key ... (take_outputs)
    std::vector<bool> is_tensor;  ///< for each argument of forward
};

/// Pops the results from `first` to the top of the stack and returns them as tensors.
variable_list take_tensors(lua_State* L, int first, const char* who) {
    variable_list tensors;
    for (int i = first; i <= lua_gettop(L); ++i) {
        const at::Tensor* tensor = to_tensor(L, i);
        require(tensor != nullptr, "{} must return Tensors, but result {} is {}", who,
                i - first + 1, describe(L, i));
        tensors.push_back(*tensor);
    }
    lua_settop(L, first - 1);
    return tensors;
}

/// Returns ctx.saved as tensors and clears the field, because a tensor in ctx that depends on this
/// application would keep both alive forever.
variable_list take_saved(lua_State* L, int context) {
    variable_list saved;
    lua_getfield(L, context, "saved");
    if (lua_istable(L, -1)) {
        const int list = lua_gettop(L);
        const size_t length = lua_objlen(L, list);
        for (size_t i = 1; i <= length; ++i) {
            lua_rawgeti(L, list, static_cast<int>(i));
            const at::Tensor* tensor = to_tensor(L, -1);
            require(tensor != nullptr,
                    "ctx:save_for_backward accepts only Tensors, but argument {} is {}", i,
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

/// Removes the results of forward from ctx's fields, and from tables in these fields, and adds them
/// to `kept`: a result in ctx would keep ctx alive forever, through the graph. Pushes a list of the
/// tables and keys, from which SavedScope restores the results when backward runs.
void take_outputs(lua_State* L, int context, const variable_list& outputs, variable_list& kept) {
    lua_newtable(L);
    const int places = lua_gettop(L);
    int count = 0;
    const auto is_output = [&](const at::Tensor& tensor) {
        return std::ranges::any_of(outputs, [&](const auto& output) {
            return output.unsafeGetTensorImpl() == tensor.unsafeGetTensorImpl();
        });
    };
    constexpr int deepest = 4;
    const auto visit = [&](const auto& self, int table, int depth) -> void {
        luaL_checkstack(L, 8, "tables in ctx nested too deeply");
        lua_pushnil(L);
        while (lua_next(L, table) != 0) {
            const int value = lua_gettop(L);
            const at::Tensor* tensor = to_tensor(L, value);
            if (tensor != nullptr && is_output(*tensor)) {
                kept.push_back(*tensor);
                lua_pushvalue(L, table);
                lua_rawseti(L, places, ++count);
                lua_pushvalue(L, value - 1);
                lua_rawseti(L, places, ++count);
                lua_pushvalue(L, value - 1);
                lua_pushnil(L);
                lua_rawset(L, table);
            } else if (depth < deepest && lua_istable(L, value)) {
                self(self, value, depth + 1);
            }
            lua_settop(L, value - 1);
        }
    };
    visit(visit, context, 0);
}

/// While it exists, ctx again contains the results of forward and the tensors saved with
/// save_for_backward.
class SavedScope {
  public:
    SavedScope(lua_State* L, const Application& application, const variable_list& saved)
        : L_(L), application_(application) {
        luaL_checkstack(L, 8, "calls to autograd functions are nested too deeply");
        application.outputs_kept.push(L);
        const auto outputs = lua_objlen(L, -1) / 2;
        const auto first = saved.end() - static_cast<std::ptrdiff_t>(outputs);
        for (size_t i = 0; i < outputs; ++i) {
            set_field(i, *(first + static_cast<std::ptrdiff_t>(i)));
        }
        lua_pop(L, 1);
        application.context.push(L);
        push(L, variable_list(saved.begin(), first));
        lua_setfield(L, -2, "saved");
        lua_pop(L, 1);
    }
    ~SavedScope() {
        application_.outputs_kept.push(L_);
        for (size_t i = 0; i < lua_objlen(L_, -1) / 2; ++i) {
            set_field(i, at::Tensor());
        }
        lua_pop(L_, 1);
        application_.context.push(L_);
        lua_pushliteral(L_, "saved");
        lua_pushnil(L_);
        lua_rawset(L_, -3);
        lua_pop(L_, 1);
    }
    SavedScope(const SavedScope&) = delete;
    SavedScope& operator=(const SavedScope&) = delete;

  private:
    /// Sets the field for result i; the list of tables and keys is on the top of the stack.
    void set_field(size_t i, const at::Tensor& value) {
        const int place = 2 * static_cast<int>(i) + 1;
        lua_rawgeti(L_, -1, place);
        lua_rawgeti(L_, -2, place + 1);
        push(L_, value);
        lua_rawset(L_, -3);
        lua_pop(L_, 1);
    }

    lua_State* L_;
    const Application& application_;
};

struct LuaFunction : torch::autograd::Function<LuaFunction> {
    /// The Lua stack contains forward, context and the arguments. `inputs` exists only so that
    /// autograd can find the tensors among the arguments.
    static variable_list forward(AutogradContext* context, lua_State* L,
                                 const c10::intrusive_ptr<Application>& application, int arguments,
                                 at::TensorList /*inputs*/) {
        const int first = lua_gettop(L) - arguments - 1;
        protected_call(L, arguments + 1, LUA_MULTRET);
        auto outputs = take_tensors(L, first, "forward");
        require(!outputs.empty(), "forward must return at least one Tensor");
        application->context.push(L);
        const int table = lua_gettop(L);
        auto saved = take_saved(L, table);
        take_outputs(L, table, outputs, saved);
        application->outputs_kept = Reference(L);
        lua_pop(L, 1);
        context->save_for_backward(saved);
        context->saved_data["application"] = c10::IValue::make_capsule(application);
        return outputs;
    }

    static variable_list backward(AutogradContext* context, const variable_list& gradients) {
        const Turn turn_to_ask;
        const auto holder = context->saved_data["application"].toCapsule();
        auto& application = static_cast<Application&>(*holder);
        // Throws if the graph has been freed.
        const variable_list saved = context->get_saved_variables();
        const Turn turn(application.backward);
        auto results = call_backward(turn.state(), application, saved, gradients);
        if (!torch::autograd::get_current_graph_task_keep_graph()) {
            // Freed together with the saved tensors; otherwise, the objects in ctx and in the
            // function would live as long as the graph.
            application.backward = Reference();
            application.context = Reference();
            application.outputs_kept = Reference();
        }
        return results;
    }

  private:
    static variable_list call_backward(lua_State* L, const Application& application,
                                       const variable_list& saved, const variable_list& gradients) {
        const int top = lua_gettop(L);
        const auto room = static_cast<int>(gradients.size() + application.is_tensor.size()) + 8;
        require(lua_checkstack(L, room) != 0, "too many gradients");
        const SavedScope scope(L, application, saved);
        application.backward.push(L);
        application.context.push(L);
        for (const auto& gradient : gradients) {
            push(L, gradient);
        }
        protected_call(L, static_cast<int>(gradients.size()) + 1, LUA_MULTRET);
        auto results = read_gradients(L, top + 1, application.is_tensor);
        lua_settop(L, top);
        return results;
    }

    /// Returns an undefined gradient for each of forward's arguments `L`, `application` and
    /// `arguments`, which are not tensors, and then one gradient per tensor.
    static variable_list read_gradients(lua_State* L, int first,
                                        const std::vector<bool>& is_tensor) {
        const auto expected = static_cast<int>(is_tensor.size());
        const int given = lua_gettop(L) - first + 1;
        // A trailing nil is easily lost in Lua, so gradients at the end may be left out if their
        // arguments are not Tensors.
        const auto last = std::find(is_tensor.rbegin(), is_tensor.rend(), true);
        const auto needed = static_cast<int>(is_tensor.rend() - last);
        bool too_many = false;
        for (int i = expected; i < given; ++i) {
            too_many = too_many || !lua_isnil(L, first + i);
        }
        require(given >= needed && !too_many,
                "backward returned an incorrect number of gradients (expected {}, got {}): return "
                "one gradient (or nil) for each argument of forward",
                expected, given);
        variable_list results(3);
        for (size_t i = 0; i < is_tensor.size(); ++i) {
            const int index = first + static_cast<int>(i);
            const at::Tensor* tensor = to_tensor(L, index);
            require(tensor != nullptr || lua_isnoneornil(L, index),
                    "backward must return a Tensor or nil for argument {} of forward, got {}",
                    i + 1, describe(L, index));
            require(tensor == nullptr || is_tensor[i],
                    "backward must return nil for argument {} of forward, which is not a Tensor",
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
