// The layers of a network of hfc.model, as Lua sees them: named_children, model.layer1, `training`.
#include "bindings/hfc/register.h"
#include "bindings/runtime/error.h"
#include "bindings/runtime/lua_thread.h"
#include "bindings/runtime/registry.h"
#include "bindings/torch/tensor.h"
#include "model/layer.h"
#include "model/model.h"

#include "base/error.h"

#include <functional>
#include <memory>
#include <utility>

namespace hfc::lua {
namespace {

using Part = std::shared_ptr<torch::nn::Module>;

/// The result of layer:register_forward_hook.
struct HookedLayer {
    std::weak_ptr<model::Layer> layer;
    std::shared_ptr<const model::LayerHook> hook;
};

/// The state of an iterator over layers.
struct NamedParts {
    std::vector<std::pair<std::string, Part>> entries;
    size_t next = 0;
};

/// The state of an iterator over tensors.
struct PartTensors {
    std::vector<std::pair<std::string, at::Tensor>> entries;
    size_t next = 0;
};

}  // namespace

template <>
inline constexpr const char* type_name<Part> = "ModelPart";
template <>
inline constexpr const char* type_name<HookedLayer> = "LayerHook";
template <>
inline constexpr const char* type_name<NamedParts> = "NamedParts";
template <>
inline constexpr const char* type_name<PartTensors> = "PartTensors";

namespace {

Part to_part(lua_State* L, int index) {
    if (const auto* model = to_object<model::ModelPtr>(L, index)) {
        return *model;
    }
    const auto* part = to_object<Part>(L, index);
    return part == nullptr ? nullptr : *part;
}

Part self_part(Call& call) {
    auto part = to_part(call.L, 1);
    if (!part) {
        call.argument(1, "model").expected("a Model or a layer of a Model");
    }
    return part;
}

void push_entry(lua_State* L, const Part& part) {
    push_object(L, Part(part));
}

void push_entry(lua_State* L, const at::Tensor& tensor) {
    push_shared(L, tensor);
}

template <typename Rest>
int next_entry(lua_State* L) {
    return guarded(L, "next", [&] {
        auto* rest = to_object<Rest>(L, lua_upvalueindex(1));
        if (rest == nullptr || rest->next == rest->entries.size()) {
            lua_pushnil(L);
            return 1;
        }
        // By value, because push() may collect garbage and thereby run the script's code.
        const auto [name, value] = rest->entries[rest->next++];
        push(L, name);
        push_entry(L, value);
        return 2;
    });
}

template <typename Rest, typename Named>
int returns_iterator(Call& call, const Named& named) {
    Rest rest;
    for (const auto& entry : named) {
        rest.entries.emplace_back(entry.key(), entry.value());
    }
    push_object(call.L, std::move(rest));
    lua_pushcclosure(call.L, next_entry<Rest>, 1);
    return 1;
}

int named_children(Call& call) {
    return returns_iterator<NamedParts>(call, self_part(call)->named_children());
}

int part_named_parameters(Call& call) {
    return returns_iterator<PartTensors>(call, self_part(call)->named_parameters());
}

int part_named_buffers(Call& call) {
    return returns_iterator<PartTensors>(call, self_part(call)->named_buffers());
}

int train(Call& call) {
    self_part(call)->train(!call.given(2) || call.argument(2, "mode").boolean());
    lua_settop(call.L, 1);
    return 1;
}

/// Calls a script's function(layer, inputs, output), with nil as inputs.
at::Tensor call_forward_hook(const Reference& function, const Part& layer,
                             const at::Tensor& output) {
    const Turn turn(function);
    lua_State* L = turn.state();
    require(lua_checkstack(L, 8) != 0, "calls to hooks are nested too deeply");
    function.push(L);
    push_entry(L, layer);
    lua_pushnil(L);
    push(L, output);
    protected_call(L, 3, 1);
    at::Tensor changed;
    if (const at::Tensor* given = to_tensor(L, -1)) {
        changed = *given;
    } else {
        require(lua_isnil(L, -1), "a forward hook must return a Tensor or nothing, got {}",
                describe(L, -1));
    }
    lua_pop(L, 1);
    return changed;
}

int register_forward_hook(Call& call) {
    call.at_most(2);
    const auto layer = std::dynamic_pointer_cast<model::Layer>(self_part(call));
    require(layer != nullptr, "this part of the network has no output; choose a layer inside it");
    if (!lua_isfunction(call.L, 2)) {
        call.argument(2, "hook").expected("a function");
    }
    const std::weak_ptr<model::Layer> owner = layer;  // the layer owns the hook
    auto hook = std::make_shared<const model::LayerHook>(
        [owner, function = Reference(call.L)](const at::Tensor& output) {
            return call_forward_hook(function, owner.lock(), output);
        });
    layer->add_hook(hook);
    return call.returns_object(HookedLayer{owner, std::move(hook)});
}

int remove_forward_hook(Call& call) {
    call.at_most(1);
    auto& handle = call.argument(1, "hook").object<HookedLayer>();
    if (const auto layer = handle.layer.lock()) {
        layer->remove_hook(handle.hook);
    }
    handle.hook.reset();
    return 0;
}

/// "hfc::model::Convolution" -> "Convolution".
std::string class_name(const torch::nn::Module& part) {
    const std::string& name = part.name();
    const auto colon = name.rfind(':');
    return colon == std::string::npos ? name : name.substr(colon + 1);
}

/// A layer with the shapes of its own tensors, then the layers below it, as PyTorch prints modules.
std::string describe_part(const torch::nn::Module& part, const std::string& indent) {
    std::vector<std::string> shapes;
    for (const auto& entry : part.named_parameters(/*recurse=*/false)) {
        shapes.push_back(
            fmt::format("{} [{}]", entry.key(), fmt::join(entry.value().sizes(), ", ")));
    }
    std::string text = fmt::format("{}({}", class_name(part), fmt::join(shapes, ", "));
    const auto children = part.named_children();
    for (const auto& child : children) {
        text += fmt::format("\n{}  ({}): {}", indent, child.key(),
                            describe_part(*child.value(), indent + "  "));
    }
    return text + (children.is_empty() ? ")" : "\n" + indent + ")");
}

int part_text(lua_State* L) {
    return guarded(L, "tostring", [&] {
        const auto part = to_part(L, 1);
        require(part != nullptr, "expected a layer, got {}", describe(L, 1));
        push(L, describe_part(*part, ""));
        return 1;
    });
}

/// Pushes model.training, model.layer1 or layer.weight; nil for an unknown name.
int push_field(lua_State* L, const torch::nn::Module& part, const std::string& key) {
    if (key == "training") {
        push(L, part.is_training());
        return 1;
    }
    const auto children = part.named_children();
    if (const auto* child = children.find(key)) {
        push_object(L, Part(*child));
        return 1;
    }
    const auto parameters = part.named_parameters(/*recurse=*/false);
    const auto buffers = part.named_buffers(/*recurse=*/false);
    if (const auto* parameter = parameters.find(key)) {
        push_shared(L, *parameter);
    } else if (const auto* buffer = buffers.find(key)) {
        push_shared(L, *buffer);
    } else {
        lua_pushnil(L);
    }
    return 1;
}

/// Null for a layer.
model::Model* to_network(lua_State* L, int index) {
    const auto* model = to_object<model::ModelPtr>(L, index);
    return model == nullptr ? nullptr : model->get();
}

/// model.class_names, as a new list for each call.
int push_class_names(lua_State* L, const model::Model& network) {
    // A copy, because push() may collect garbage and thereby run the script's code.
    const auto names = network.class_names;
    push(L, names);
    return 1;
}

/// __index of Model and ModelPart; the methods are its upvalue.
int find_field(lua_State* L) {
    if (push_method(L)) {
        return 1;
    }
    return guarded(L, "model", [&] {
        const auto part = to_part(L, 1);
        require(part != nullptr, "expected a Model or a layer of a Model, got {}", describe(L, 1));
        if (lua_type(L, 2) != LUA_TSTRING) {
            lua_pushnil(L);
            return 1;
        }
        const std::string key = lua_tostring(L, 2);
        const auto* const network = to_network(L, 1);
        return network != nullptr && key == "class_names" ? push_class_names(L, *network)
                                                          : push_field(L, *part, key);
    });
}

/// __newindex of Model and ModelPart: model.class_names = {"cat", "dog"}.
int set_field(lua_State* L) {
    lua_settop(L, 3);
    return guarded(L, "model", [&]() -> int {
        auto* const network = to_network(L, 1);
        if (network != nullptr && lua_type(L, 2) == LUA_TSTRING &&
            std::string_view(lua_tostring(L, 2)) == "class_names") {
            network->class_names = Value(L, 3, "class_names").texts();
            return 0;
        }
        fail(
            "the layers of a network from hfc.model are fixed, so '{}' cannot be set. To change "
            "the number of classes, call model:replace_head(classes); to replace layers, write the "
            "network as a torch.nn.module",
            lua_type(L, 2) == LUA_TSTRING ? lua_tostring(L, 2) : describe(L, 2));
    });
}

const std::vector<Declaration> part_declarations = {
    {"Model:named_children", named_children,
     "for name, layer in model:named_children() do\n\n"
     "Iterates over the layers, in the order in which they were added to the network. "
     "They are also fields of the model, such as model.layer1. A layer has the methods of a module "
     "(parameters, state_dict, requires_grad_, train, eval, children ...), but you cannot call "
     "it.\n"
     "To freeze a layer: model.layer1:requires_grad_(false)."},
    {"ModelPart:named_children", named_children,
     "for name, layer in layer:named_children() do\n\n"
     "Iterates over the layers inside the layer."},
    {"ModelPart:named_parameters", part_named_parameters,
     "for name, tensor in layer:named_parameters() do\n\n"
     "Iterates over the weights of the layer by name."},
    {"ModelPart:named_buffers", part_named_buffers,
     "for name, tensor in layer:named_buffers() do\n\n"
     "Iterates over the buffers of the layer by name."},
    {"ModelPart:register_forward_hook", register_forward_hook,
     "layer:register_forward_hook(function(layer, inputs, output) ... end) -> LayerHook\n\n"
     "Calls the function with the output of the layer each time the layer runs, in training and "
     "in all functions that measure the network. If the function returns a Tensor of the same "
     "shape, this Tensor replaces the output. `inputs` is always nil; the parameter exists because "
     "the hook of a layer written in Lua also gets the inputs.\n"
     "The hook stays until hook:remove(). A function that refers to the model keeps it alive "
     "until then. Clones of the model do not have the hook.\n"
     "Gradients flow through `output`; to get its gradient, use output:register_hook or "
     "output:retain_grad(). If the layer runs only once per forward pass, hfc.features returns its "
     "outputs for a whole data set."},
    {"LayerHook:remove", remove_forward_hook,
     "hook:remove()\n\n"
     "Removes the hook that layer:register_forward_hook returned; its function is no longer "
     "called. Removing the hook again has no effect."},
    {"ModelPart:train", train,
     "layer:train(mode = true) -> layer\n\n"
     "Sets training mode for the layer and all layers inside it, or evaluation mode if mode is "
     "false."},
};

void make_fields_known(lua_State* L, const std::string& type) {
    set_field_access(L, type, find_field);
    set_metamethod(L, type, "__newindex", set_field);
}

}  // namespace

namespace detail {

std::string describe_layers(const torch::nn::Module& network) {
    return describe_part(network, "");
}

void register_model_part(lua_State* L) {
    register_type<Part>(L);
    register_type<HookedLayer>(L);
    register_type<NamedParts>(L);
    register_type<PartTensors>(L);
    set_metamethod(L, "ModelPart", "__tostring", part_text);
    make_fields_known(L, "Model");
    make_fields_known(L, "ModelPart");
    declare(L, part_declarations);
}

}  // namespace detail
}  // namespace hfc::lua
