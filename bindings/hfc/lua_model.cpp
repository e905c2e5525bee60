#include "bindings/hfc/lua_model.h"

#include "bindings/hfc/register.h"
#include "bindings/runtime/error.h"
#include "bindings/runtime/registry.h"
#include "bindings/torch/tensor.h"

namespace hfc::lua {
namespace {

/// Whether the table at `index` is a module of bindings/prelude/nn_base.lua.
bool is_module(lua_State* L, int index) {
    if (!lua_istable(L, index) || lua_getmetatable(L, index) == 0) {
        return false;
    }
    lua_pushliteral(L, "is_module");
    lua_rawget(L, -2);
    const bool found = lua_toboolean(L, -1) != 0;
    lua_pop(L, 2);
    return found;
}

void set_training(lua_State* L, const Reference& module, bool on) {
    module.push(L);
    lua_pushliteral(L, "training");
    lua_pushboolean(L, on);
    lua_rawset(L, -3);
    lua_pop(L, 1);
}

bool get_training(lua_State* L, int index) {
    lua_pushliteral(L, "training");
    lua_rawget(L, index);
    const bool training = lua_toboolean(L, -1) != 0;
    lua_pop(L, 1);
    return training;
}

/// A module of a Lua network, as the core sees it. It keeps the mode of the two the same.
class LuaPart : public torch::nn::Module {
  public:
    explicit LuaPart(Reference module) : module_(std::move(module)) {}
    void train(bool on) override {
        torch::nn::Module::train(on);
        set_training(running_state(), module_, on);
    }

  private:
    Reference module_;
};

/// Calls visit(name) for each field of the module at `index` of a kind, with the field's value on
/// the top of the stack.
template <typename Visit>
void each_field(lua_State* L, int index, const std::string& kind, Visit&& visit) {
    luaL_checkstack(L, 8, "modules nested too deep");
    const int top = lua_gettop(L);
    luaL_getmetafield(L, index, "find_new");
    lua_pushvalue(L, index);
    protected_call(L, 1, 0);
    lua_pushliteral(L, "_order");
    lua_rawget(L, index);
    lua_pushliteral(L, "_kind");
    lua_rawget(L, index);
    require(lua_istable(L, top + 1) && lua_istable(L, top + 2),
            "a module's fields _order and _kind were overwritten");
    const size_t count = lua_objlen(L, top + 1);
    for (size_t i = 1; i <= count; ++i) {
        lua_rawgeti(L, top + 1, static_cast<int>(i));
        lua_pushvalue(L, -1);
        lua_rawget(L, top + 2);
        const bool wanted = lua_type(L, -2) == LUA_TSTRING && lua_type(L, -1) == LUA_TSTRING &&
                            kind == lua_tostring(L, -1);
        lua_pop(L, 1);
        if (wanted) {
            const std::string name = lua_tostring(L, -1);
            lua_pushvalue(L, -1);
            lua_rawget(L, index);
            visit(name);
        }
        lua_settop(L, top + 2);
    }
    lua_settop(L, top);
}

void add_fields(lua_State* L, int index, torch::nn::Module& part,
                std::vector<at::TensorImpl*>& seen) {
    const auto add_tensor = [&](const char* kind, auto&& add) {
        each_field(L, index, kind, [&](const std::string& name) {
            const at::Tensor* tensor = to_tensor(L, -1);
            const bool is_new =
                tensor != nullptr &&
                std::find(seen.begin(), seen.end(), tensor->unsafeGetTensorImpl()) == seen.end();
            if (is_new) {
                seen.push_back(tensor->unsafeGetTensorImpl());
                add(name, *tensor);
            }
        });
    };
    add_tensor("parameter", [&](const std::string& name, const at::Tensor& tensor) {
        part.register_parameter(name, tensor, tensor.requires_grad());
    });
    add_tensor("buffer", [&](const std::string& name, const at::Tensor& tensor) {
        part.register_buffer(name, tensor);
    });
    each_field(L, index, "module", [&](const std::string& name) {
        if (const auto* network = to_object<model::ModelPtr>(L, -1)) {
            part.register_module(name, std::static_pointer_cast<torch::nn::Module>(*network));
        } else if (is_module(L, -1)) {
            const int child_index = lua_gettop(L);
            lua_pushvalue(L, child_index);
            const auto child = std::make_shared<LuaPart>(Reference(L));
            part.register_module(name, std::static_pointer_cast<torch::nn::Module>(child));
            child->torch::nn::Module::train(get_training(L, child_index));
            add_fields(L, child_index, *child, seen);
        }
    });
}

class LuaModel : public model::Model {
  public:
    LuaModel(lua_State* L, int index) : module_((lua_pushvalue(L, index), L)) {
        std::vector<at::TensorImpl*> seen;
        torch::nn::Module::train(get_training(L, index));
        add_fields(L, index, *this, seen);
    }

    void train(bool on) override {
        torch::nn::Module::train(on);
        set_training(running_state(), module_, on);
    }

    at::Tensor forward(const at::Tensor& images) override {
        lua_State* L = running_state();
        luaL_checkstack(L, 8, "networks call each other too deep");
        module_.push(L);
        push(L, images);
        protected_call(L, 1, 1);
        const at::Tensor* logits = to_tensor(L, -1);
        require(logits != nullptr, "the network's forward must return a Tensor, got {}",
                describe(L, -1));
        at::Tensor result = *logits;
        lua_pop(L, 1);
        return result;
    }

    model::ModelPtr copy() const override {
        lua_State* L = running_state();
        module_.push(L);
        lua_getfield(L, -1, "clone");
        lua_insert(L, -2);
        protected_call(L, 1, 1);
        require(is_module(L, lua_gettop(L)), "the network's clone() must return a module, got {}",
                describe(L, -1));
        auto result = std::make_shared<LuaModel>(L, lua_gettop(L));
        lua_pop(L, 1);
        return result;
    }

    bool calls_back() const override { return true; }

    void push_module(lua_State* L) const { module_.push(L); }

  private:
    Reference module_;
};

}  // namespace

model::ModelPtr to_model(lua_State* L, const Value& value) {
    if (const auto* network = to_object<model::ModelPtr>(L, value.index())) {
        return *network;
    }
    if (!is_module(L, value.index())) {
        value.expected("a Model or a module of torch.nn");
    }
    return std::make_shared<LuaModel>(L, value.index());
}

void push_model(lua_State* L, const model::ModelPtr& network) {
    if (const auto* written_in_lua = dynamic_cast<const LuaModel*>(network.get())) {
        written_in_lua->push_module(L);
    } else {
        push_object(L, network);
    }
}

}  // namespace hfc::lua
