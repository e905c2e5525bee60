// hfc.model and the type Model.
#include "model/model.h"
#include "bindings/hfc/images_argument.h"
#include "bindings/hfc/lua_model.h"
#include "bindings/hfc/register.h"
#include "bindings/runtime/registry.h"
#include "bindings/torch/tensor.h"
#include "model/exported/exported_model.h"
#include "model/features.h"
#include "model/normalised.h"

#include "bindings/runtime/error.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <array>

namespace hfc::lua {
namespace {
struct NamedTensors;
}
template <>
inline constexpr const char* type_name<NamedTensors> = "NamedTensors";

namespace {

/// By value, as for every object that is used after a script's Lua code has run.
model::ModelPtr self_model(Call& call) {
    return call.argument(1, "model").object<model::ModelPtr>();
}

/// Reads an option that has the same type as its default.
struct OptionReader {
    Options& given;
    void operator()(const char* name, int64_t& value) const { value = given.integer(name, value); }
    void operator()(const char* name, uint64_t& value) const {
        value = static_cast<uint64_t>(given.integer(name, static_cast<int64_t>(value)));
    }
    void operator()(const char* name, bool& value) const { value = given.boolean(name, value); }
    void operator()(const char* name, double& value) const { value = given.number(name, value); }
    void operator()(const char* name, std::string& value) const { value = given.text(name, value); }
};

int normalised(Call& call) {
    call.at_most(3);
    const auto numbers = [&](int position, const char* name, const std::vector<double>& usual) {
        return call.given(position) ? call.argument(position, name).numbers() : usual;
    };
    return call.returns_object(model::ModelPtr(std::make_shared<model::NormalisedModel>(
        call.argument(1, "model").object<model::ModelPtr>(),
        numbers(2, "mean", model::imagenet_mean),
        numbers(3, "deviation", model::imagenet_deviation))));
}

int features(Call& call) {
    auto network = to_model(call.L, call.argument(1, "model"));
    const auto images = images_argument(call, 2, "images");
    const auto named = call.argument(images.next, "layers");
    const auto layers = named.texts();
    require(!layers.empty(), "{}: expected at least one layer, got none", named.name());
    call.at_most(images.next + 1);
    auto options = call.options(images.next + 1);
    const auto inference = read_inference(call.L, options, model::device_of(*network));
    options.finish();
    const auto results = model::features(*network, images.dataset, layers, inference);
    lua_createtable(call.L, 0, static_cast<int>(layers.size()));
    for (size_t i = 0; i < layers.size(); ++i) {
        push(call.L, layers[i]);
        push(call.L, results[i]);
        lua_rawset(call.L, -3);
    }
    return 1;
}

/// Whether hfc.model should treat the name as a file, if only to report what is wrong with it.
bool names_file(std::string_view name) {
    return std::ranges::any_of(std::to_array<std::string_view>({".pt2", ".pt", ".pth", ".th"}),
                               [&](auto ending) { return name.ends_with(ending); });
}

int make_model(Call& call) {
    call.at_most(2);
    const std::string name = call.argument(1, "name").text();
    if (names_file(name)) {
        require(
            !call.given(2),
            "a network from a file accepts no options: its classes and channels were fixed when "
            "it was exported");
        return call.returns_object(load_network(name));
    }
    auto options = call.options(2);
    model::ModelOptions settings;
    options.with("data", [&](const Value& value) {
        if (!lua_istable(call.L, value.index())) {
            value.expected("the table that hfc.data returns");
        }
        Options data(call.L, value.index());
        settings.classes = data.integer("classes", settings.classes);
        settings.channels = data.integer("channels", settings.channels);
    });
    model::for_each_option(settings, OptionReader{options});
    options.finish();
    return call.returns_object(model::make(name, settings));
}

int train_mode(Call& call) {
    self_model(call)->train(!call.given(2) || call.argument(2, "mode").boolean());
    lua_settop(call.L, 1);
    return 1;
}

int evaluation_mode(Call& call) {
    self_model(call)->eval();
    lua_settop(call.L, 1);
    return 1;
}

/// The state of an iterator over named tensors.
struct NamedTensors {
    std::vector<std::pair<std::string, at::Tensor>> entries;
    size_t next = 0;
};

int next_tensor(lua_State* L) {
    return guarded(L, "Model:named_parameters", [&] {
        auto* rest = to_object<NamedTensors>(L, lua_upvalueindex(1));
        if (rest == nullptr || rest->next == rest->entries.size()) {
            lua_pushnil(L);
            return 1;
        }
        const auto [name, tensor] = rest->entries[rest->next++];
        push(L, name);
        push_shared(L, tensor);
        return 2;
    });
}

template <typename Named>
int returns_iterator(Call& call, const Named& named) {
    NamedTensors rest;
    for (const auto& entry : named) {
        rest.entries.emplace_back(entry.key(), entry.value());
    }
    push_object(call.L, std::move(rest));
    lua_pushcclosure(call.L, next_tensor, 1);
    return 1;
}

int named_parameters(Call& call) {
    return returns_iterator(call, self_model(call)->named_parameters());
}

int named_buffers(Call& call) {
    return returns_iterator(call, self_model(call)->named_buffers());
}

int replace_head(Call& call) {
    call.at_most(3);
    const auto network = self_model(call);
    const auto classes = call.argument(2, "classes").integer();
    auto options = call.options(3);
    const auto layer = options.text("layer", "");
    const auto seed = static_cast<uint64_t>(options.integer("seed", 0));
    options.finish();
    network->replace_head(classes, seed, layer);
    lua_settop(call.L, 1);
    return 1;
}

int clone(Call& call) {
    return call.returns_object(self_model(call)->copy());
}

int forward(Call& call) {
    const auto network = self_model(call);
    const at::Tensor images = tensor_argument(call, 2, "images");
    return call.returns(network->forward(images.to(model::device_of(*network))));
}

const std::vector<Declaration> model_declarations = {
    {"hfc.model", make_model,
     "hfc.model(name, {classes = 10, channels = 3, batch_norm = false, dropout = 0, seed = 0, form "
     "= \"small\", initialisation = \"xavier\"}) -> Model\n\n"
     "Returns a network with random weights that depend only on `seed`. The network is on the CPU. "
     "To move it, call model:to(hfc.device()); hfc.train does this itself. Kernels have the memory "
     "layout channels_last, so use p:reshape(-1) instead of p:view(-1), and p:contiguous():data() "
     "instead of p:data().\n"
     "data: a table that hfc.data returned; it determines the numbers of classes and channels.\n"
     "\"preact_resnet32\" is the paper's network as the authors' code builds it: a pre-activation "
     "ResNet with 5 blocks per stage, widths 16, 32 and 64, and no BatchNorm unless `batch_norm` "
     "is true. \"preact_resnet8\", \"preact_resnet14\" and \"preact_resnet20\" have 1, 2 and 3 "
     "blocks per stage.\n"
     "\"resnet20\", \"resnet32\", \"resnet44\" and \"resnet56\" are the CIFAR networks of "
     "pytorch_resnet_cifar10. To load that project's files, use "
     "model:load_state_dict(torch.load(path).state_dict, {prefix = \"module.\"}).\n"
     "\"resnet18\", \"resnet34\" and \"resnet50\" always have BatchNorm; \"resnet18_bare\" and "
     "\"resnet50_bare\" have it only if `batch_norm` is true. \"vgg11\" and \"vgg16\" with "
     "`batch_norm` are torchvision's vgg11_bn and vgg16_bn. The other names are \"alexnet\", "
     "\"lenet\" (LeNet-5 with ReLU and max pooling) and \"mnist_cnn\", the authors' network for "
     "grey images: two 5x5 convolutions (32 and 64 channels), each with 2x2 pooling, and 1024 "
     "hidden units.\n"
     "form: the variant of the network. \"small\" is for small images, such as those of CIFAR and "
     "MNIST, but accepts any size. In this variant, a ResNet starts with a 3x3 convolution of "
     "stride 1 and no pooling, VGG and AlexNet end with a global mean and one linear layer, and "
     "AlexNet starts with a 3x3 convolution of stride 2.\n"
     "\"torchvision\" (for ResNet, VGG and AlexNet) builds the networks as torchvision does, for "
     "images of 224 pixels. With classes = 1000, they can load torchvision's state dicts. VGG "
     "needs at least 32 pixels and AlexNet at least 63.\n"
     "\"tensorflow\" (for preact_resnet) builds the network as the authors' TensorFlow code does: "
     "convolutions of stride 2 are padded only at the bottom and on the right, the last ReLU has "
     "no BatchNorm before it, and dropout acts before the last ReLU.\n"
     "initialisation: \"xavier\" (uniform; biases are 0), \"tensorflow\" (the same, but the last "
     "linear layer is uniform in +-sqrt(3 / inputs), as in the authors' code), or \"torchvision\" "
     "(as in torchvision: the weights of convolutions have variance 2 / (outputs * kernel area), "
     "and linear layers are initialised as in torch.nn, except in VGG).\n"
     "channels: the number of image channels: 3, or 1 for grey images. With 1 channel, the first "
     "kernel of every \"small\" network is 5x5.\n"
     "dropout: the dropout probability in [0,1) before the last layer (default 0). In the "
     "\"torchvision\" variants of VGG and AlexNet, it applies to torchvision's two dropout layers, "
     "for which torchvision itself uses .5.\n"
     "Call a model like a function: model(images [N, C, H, W]) -> logits [N, classes]. "
     "model.class_names is the list of class names in the order of the logits. hfc.train sets it "
     "from the data set, and run:save stores it. It is empty for a data set without names, and a "
     "script may set it. Errors: an unknown name, an option out of range.\n"
     "hfc.model(\"net.pt2\") reads a network that was exported from Python with "
     "torch.export.save(torch.export.export(net.eval(), (x,), dynamic_shapes = ...), \"net.pt2\"). "
     "The network computes the same outputs and gradients as in PyTorch. Its layers and weights "
     "keep their names from Python, and the network is in the mode in which it was exported. "
     "hfc-host does not execute any code from the file. See docs/python-networks.md."},
    {"hfc.normalised", normalised,
     "hfc.normalised(model, mean = {.485, .456, .406}, deviation = {.229, .224, .225}) -> "
     "Model\n\n"
     "Returns the network with a normalisation in front of it: (images - mean) / deviation, with "
     "one mean and one deviation per channel. A network that was trained on normalised images then "
     "takes images in [0,1], and attacks and masks work in [0,1]. The defaults are those of "
     "ImageNet. The result shares its weights with `model`, which becomes the child module "
     "`network` of the result. If the network is written in Lua, normalise in its `forward` method "
     "instead.\n"
     "Errors: lists of different lengths, a deviation that is not positive, a network that already "
     "normalises."},
    {"hfc.features", features,
     "hfc.features(model, images, layers, {batch_size, statistics, bfloat16, tf32}) -> {layer = "
     "Tensor [N, ...]}\n\n"
     "Runs the network on images, in evaluation mode and without gradients, and returns the "
     "outputs of the given layers, float32 on the CPU. images: as for hfc.accuracy. layers: a list "
     "of names as shown by print(model), joined by dots: {\"layer3\", \"layer4.0.conv1\"}. If a "
     "layer runs more than once, the last output is returned. To see all outputs, or gradients, "
     "use layer:register_forward_hook.\n"
     "Errors: a layer that does not exist, or that has no output of its own."},
    {"Model:train", train_mode,
     "model:train(mode = true) -> model\n\n"
     "Sets training mode (BatchNorm uses batch statistics, dropout is on), or evaluation mode if "
     "mode is false."},
    {"Model:eval", evaluation_mode,
     "model:eval() -> model\n\n"
     "Sets evaluation mode."},
    {"Model:named_parameters", named_parameters,
     "for name, tensor in model:named_parameters() do\n\n"
     "Iterates over the names and weights, in the order of the layers."},
    {"Model:named_buffers", named_buffers,
     "for name, tensor in model:named_buffers() do\n\n"
     "Iterates over running statistics and other tensors that are not trained."},
    {"Model:replace_head", replace_head,
     "model:replace_head(classes, {seed = 0, layer}) -> model\n\n"
     "Replaces the last linear layer with a new one for this number of classes, to fine-tune a "
     "network on other classes. The new layer is trainable and is initialised with random values "
     "from `seed`, as in torch.nn.Linear. The last layer may also be a 1x1 convolution. All other "
     "weights stay the same, and model.class_names becomes empty. Clones, run:save and checkpoints "
     "contain the new layer. Create the optimizer after this call.\n"
     "layer: the expected name of the last linear layer, for scripts that depend on this name.\n"
     "In a network that is written in Lua, assign another layer: net.fc = torch.nn.Linear(64, "
     "10).\n"
     "Errors: `classes` below 1; a network that does not end with a linear layer or a 1x1 "
     "convolution; a `layer` that is not the last linear layer."},
    {"Model:clone", clone,
     "model:clone() -> Model\n\n"
     "Returns a copy that does not share anything with the model."},
    {"Model:forward", forward,
     "model:forward(images) -> logits, the same as model(images)\n\n"
     "Computes the logits of images. images: float32 [N, C, H, W], which are moved to the "
     "model's device. logits: float32 [N, classes]."},
};

int call_model(lua_State* L) {
    return guarded(L, "model", [&] {
        Call call(L, "Model:forward");
        return forward(call);
    });
}

int model_text(lua_State* L) {
    return guarded(L, "tostring", [&] {
        const auto& network = *Value(L, 1, "model").object<model::ModelPtr>();
        push(L, fmt::format("Model {}: {} weights on {}\n{}", network.name(),
                            model::count_parameters(network), model::device_of(network).str(),
                            detail::describe_layers(network)));
        return 1;
    });
}

}  // namespace

model::ModelPtr load_network(const std::string& path) {
    std::vector<std::string> notes;
    const auto network = model::load_exported(path, &notes);
    model::use_channels_last(*network);
    for (const auto& note : notes) {
        fmt::print(stderr, "{}: {}\n", path, note);
    }
    return network;
}

namespace detail {

void register_model(lua_State* L) {
    register_type<model::ModelPtr>(L);
    register_type<NamedTensors>(L);
    declare(L, model_declarations);
    set_metamethod(L, "Model", "__call", call_model);
    set_metamethod(L, "Model", "__tostring", model_text);
}

}  // namespace detail
}  // namespace hfc::lua
