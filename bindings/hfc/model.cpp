// hfc.model and the type Model.
#include "model/model.h"
#include "bindings/hfc/register.h"
#include "bindings/runtime/registry.h"
#include "bindings/torch/tensor.h"

namespace hfc::lua {
namespace {

model::Model& self(Call& call) {
    return *call.argument(1, "model").object<model::ModelPtr>();
}

int make(Call& call) {
    call.at_most(2);
    const std::string name = call.argument(1, "name").text();
    auto options = call.options(2);
    model::ModelOptions settings;
    settings.classes = options.integer("classes", settings.classes);
    settings.channels = options.integer("channels", settings.channels);
    settings.batch_norm = options.boolean("batch_norm", settings.batch_norm);
    settings.dropout = options.number("dropout", settings.dropout);
    settings.seed = static_cast<uint64_t>(options.integer("seed", 0));
    options.finish();
    return call.returns_object(model::make(name, settings));
}

int train_mode(Call& call) {
    self(call).train(!call.given(2) || call.argument(2, "mode").boolean());
    lua_settop(call.L, 1);
    return 1;
}

int evaluation_mode(Call& call) {
    self(call).eval();
    lua_settop(call.L, 1);
    return 1;
}

int parameters(Call& call) {
    return call.returns(self(call).parameters());
}

int named_parameters(Call& call) {
    lua_newtable(call.L);
    for (const auto& entry : self(call).named_parameters()) {
        push(call.L, entry.value());
        lua_setfield(call.L, -2, entry.key().c_str());
    }
    return 1;
}

int forward(Call& call) {
    auto& network = self(call);
    const at::Tensor images = call.argument(2, "images").object<LuaTensor>().tensor;
    return call.returns(network.forward(images.to(model::device_of(network))));
}

const std::vector<Declaration> declarations = {
    {"hfc.model", make,
     "hfc.model(name, {classes = 10, channels = 3, batch_norm = false, dropout = 0, seed = 0}) -> Model\n\n"
     "A network with Xavier-initialised weights that depend on `seed` alone.\n"
     "\"preact_resnet32\": the paper's network as its code runs it: pre-activation ResNet, 5 blocks a stage, widths 16, 32, 64, no "
     "BatchNorm unless `batch_norm`\n"
     "(\"preact_resnet8\", 14, 20: the same with 1, 2, 3 blocks a stage). \"resnet18\": torchvision's with a 3x3 stem for small images; it "
     "always has BatchNorm.\n"
     "channels: of the images, 3, or 1 for grey ones. dropout: probability before the last layer, in [0,1).\n"
     "A model is called like a function: model(images [N, C, H, W]) -> logits [N, classes]. Errors: an unknown name, a setting out of "
     "range."},
    {"Model:train", train_mode,
     "model:train(mode = true) -> model\n\nTraining mode (BatchNorm by batch, dropout on), or evaluation mode with false."},
    {"Model:eval", evaluation_mode, "model:eval() -> model\n\nEvaluation mode."},
    {"Model:parameters", parameters, "model:parameters() -> list of Tensors\n\nThe trainable weights."},
    {"Model:named_parameters", named_parameters, "model:named_parameters() -> table name -> Tensor\n\nThe trainable weights by name."},
    {"Model:forward", forward,
     "model:forward(images) -> logits, the same as model(images)\n\nimages: float32 [N, C, H, W], moved to the model's device; logits: "
     "float32 [N, classes]."},
};

int call_model(lua_State* L) {
    return guarded(L, "model", [&] {
        Call call(L, "Model:forward");
        return forward(call);
    });
}

int text(lua_State* L) {
    return guarded(L, "tostring", [&] {
        const auto& network = *Value(L, 1, "model").object<model::ModelPtr>();
        push(L,
             fmt::format("Model {}: {} weights on {}", network.name(), model::count_parameters(network), model::device_of(network).str()));
        return 1;
    });
}

}  // namespace

namespace detail {

void register_model(lua_State* L) {
    register_type<model::ModelPtr>(L);
    declare(L, declarations);
    set_metamethod(L, "Model", "__call", call_model);
    set_metamethod(L, "Model", "__tostring", text);
}

}  // namespace detail
}  // namespace hfc::lua
