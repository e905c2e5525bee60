#include "bindings/hfc/lua_model.h"

#include "bindings/hfc/register.h"
#include "bindings/runtime/error.h"
#include "bindings/runtime/registry.h"
#include "bindings/torch/tensor.h"

#include <algorithm>
#include <exception>
#include <unordered_set>

namespace hfc::lua {
namespace {

/// Pushes the record {name, order, kinds} of the module at `index`. bindings/prelude/nn_base.lua
/// keeps these records in a table that scripts cannot access, so that only objects made by a class
/// are modules. Returns false and pushes nothing for any other value.
bool push_record(lua_State* L, int index) {
    if (!lua_istable(L, index)) {
        return false;
    }
    lua_getfield(L, LUA_REGISTRYINDEX, "hfc.module_records");
    require(lua_istable(L, -1), "torch.nn is not loaded");
    lua_pushvalue(L, index);
    lua_rawget(L, -2);
    lua_remove(L, -2);
    if (lua_istable(L, -1)) {
        return true;
    }
    lua_pop(L, 1);
    return false;
}

bool is_module(lua_State* L, int index) {
    const bool found = push_record(L, index);
    lua_pop(L, found ? 1 : 0);
    return found;
}

void set_training(const Reference& module, bool on) {
    const Turn turn(module);
    lua_State* L = turn.state();
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

bool get_training(const Reference& module) {
    const Turn turn(module);
    lua_State* L = turn.state();
    module.push(L);
    const bool training = get_training(L, lua_gettop(L));
    lua_pop(L, 1);
    return training;
}

/// A module of a Lua network, as the core sees it. Its mode is the mode of the Lua module.
class LuaPart : public torch::nn::Module {
  public:
    LuaPart(Reference module, bool training) : module_(std::move(module)), training_(training) {}
    bool is_training() const noexcept override { return training_; }
    void train(bool on) override {
        torch::nn::Module::train(on);
        training_ = on;
        set_training(module_, on);
    }
    /// Reads the mode after Lua code may have changed it.
    void read_mode() { training_ = get_training(module_); }

  private:
    Reference module_;
    bool training_;
};

/// Calls visit(name) for each field of the given kind in the module at `index`, with the field's
/// value on the top of the stack.
template <typename Visit>
void each_field(lua_State* L, int index, const std::string& kind, Visit&& visit) {
    require(lua_checkstack(L, 12) != 0, "the modules are nested too deeply");
    const int top = lua_gettop(L);
    lua_getfield(L, LUA_REGISTRYINDEX, "hfc.find_new_fields");
    lua_pushvalue(L, index);
    protected_call(L, 1, 0);
    require(push_record(L, index), "expected a torch.nn module, got {}", describe(L, index));
    lua_getfield(L, -1, "order");
    lua_getfield(L, -2, "kinds");
    lua_remove(L, top + 1);
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

/// Copies the fields of Lua modules to the core's modules that represent them.
class FieldReader {
  public:
    explicit FieldReader(lua_State* L) : L_(L) {}

    void add_fields(int index, torch::nn::Module& part) {
        const void* module = lua_topointer(L_, index);
        require(std::find(around_.begin(), around_.end(), module) == around_.end(),
                "the network contains itself");
        require(++parts_ <= most_parts, "the network has more than {} modules", most_parts);
        around_.push_back(module);
        add_tensors(index, "parameter", [&](const std::string& name, const at::Tensor& tensor) {
            part.register_parameter(name, tensor, tensor.requires_grad());
        });
        add_tensors(index, "buffer", [&](const std::string& name, const at::Tensor& tensor) {
            part.register_buffer(name, tensor);
        });
        each_field(L_, index, "module", [&](const std::string& name) { add_module(name, part); });
        around_.pop_back();
    }

  private:
    static constexpr int most_parts = 100000;

    template <typename Add>
    void add_tensors(int index, const char* kind, Add&& add) {
        each_field(L_, index, kind, [&](const std::string& name) {
            const at::Tensor* tensor = to_tensor(L_, -1);
            if (tensor != nullptr && seen_.insert(tensor->unsafeGetTensorImpl()).second) {
                add(name, *tensor);
            }
        });
    }

    /// Adds the module or Model on the top of the stack.
    void add_module(const std::string& name, torch::nn::Module& part) {
        if (const auto* network = to_object<model::ModelPtr>(L_, -1)) {
            part.register_module(name, std::static_pointer_cast<torch::nn::Module>(*network));
        } else if (const int index = lua_gettop(L_); is_module(L_, index)) {
            lua_pushvalue(L_, index);
            const auto child = std::make_shared<LuaPart>(Reference(L_), get_training(L_, index));
            part.register_module(name, std::static_pointer_cast<torch::nn::Module>(child));
            add_fields(index, *child);
        }
    }

    lua_State* L_;
    std::unordered_set<const at::TensorImpl*> seen_;
    std::vector<const void*> around_;  ///< the modules that are being read, outermost first
    int parts_ = 0;
};

class LuaModel : public model::Model {
  public:
    LuaModel(lua_State* L, int index) : module_((lua_pushvalue(L, index), L)) {
        training_ = get_training(L, index);
        FieldReader(L).add_fields(index, *this);
    }

    bool is_training() const noexcept override { return training_; }

    /// Calls the class's own method, which may set a different mode for some of its submodules.
    void train(bool on) override {
        const Turn turn(module_);
        lua_State* L = turn.state();
        require(lua_checkstack(L, 8) != 0, "calls to networks are nested too deeply");
        module_.push(L);
        lua_getfield(L, -1, on ? "train" : "eval");
        lua_insert(L, -2);
        protected_call(L, 1, 0);
        training_ = get_training(module_);
        for (const auto& part : modules(/*include_self=*/false)) {
            if (auto* of_lua = dynamic_cast<LuaPart*>(part.get())) {
                of_lua->read_mode();
            }
        }
    }

    void restore_mode(bool training) override {
        torch::nn::Module::train(training);
        training_ = training;
        set_training(module_, training);
    }

    at::Tensor forward(const at::Tensor& images) override {
        const Turn turn(module_);
        lua_State* L = turn.state();
        require(lua_checkstack(L, 8) != 0, "calls to networks are nested too deeply");
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

    std::vector<at::Tensor> features(const at::Tensor& images,
                                     const std::vector<std::string>& layers) override {
        const Turn turn(module_);
        lua_State* L = turn.state();
        require(lua_checkstack(L, 8) != 0, "calls to networks are nested too deeply");
        lua_getfield(L, LUA_REGISTRYINDEX, "hfc.watch_layers");
        module_.push(L);
        push(L, layers);
        protected_call(L, 2, 2);
        const int outputs = lua_gettop(L) - 1;
        try {
            forward(images);
        } catch (const std::exception&) {
            lua_settop(L, outputs + 1);
            protected_call(L, 0, 0);
            throw;
        }
        protected_call(L, 0, 0);
        std::vector<at::Tensor> results;
        for (size_t i = 0; i < layers.size(); ++i) {
            lua_rawgeti(L, outputs, static_cast<int>(i) + 1);
            const at::Tensor* output = to_tensor(L, -1);
            require(output != nullptr, "layer '{}' does not return a tensor in this network",
                    layers[i]);
            results.push_back(*output);
            lua_pop(L, 1);
        }
        lua_pop(L, 1);
        return results;
    }

    model::ModelPtr copy() const override {
        const Turn turn(module_);
        lua_State* L = turn.state();
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
    bool training_ = true;
};

}  // namespace

model::ModelPtr to_model(lua_State* L, const Value& value) {
    if (const auto* network = to_object<model::ModelPtr>(L, value.index())) {
        return *network;
    }
    if (!is_module(L, value.index())) {
        value.expected("a Model or a torch.nn module");
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
