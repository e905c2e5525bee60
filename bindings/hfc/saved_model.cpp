// Run:save and hfc.saved_model: trained networks as self-describing safetensors files.
#include "bindings/hfc/lua_model.h"
#include "bindings/hfc/register.h"
#include "bindings/runtime/registry.h"
#include "model/exported/saved.h"
#include "model/known_weights.h"
#include "model/normalised.h"
#include "model/state.h"
#include "run/run.h"
#include "tensor_file/tensor_file.h"

#include "base/device.h"
#include "base/file.h"
#include "base/utf8.h"

#include <algorithm>
#include <iterator>
#include <string_view>

namespace hfc::lua {
namespace {

using run::Json;
namespace fs = std::filesystem;

/// The metadata key for the network to which the tensors belong.
constexpr const char* network_key = "hfc_model";
/// The metadata key for the list of class names.
constexpr const char* class_names_key = "hfc_class_names";
/// The metadata key for the normalisation that hfc.normalised put before the network.
constexpr const char* normalised_key = "hfc_normalised";

std::string describe_network(const model::Model::Origin& origin) {
    Json json = {{"name", origin.name}};
    model::for_each_option(origin.options,
                           [&](const char* name, const auto& value) { json[name] = value; });
    return json.dump();
}

model::ModelPtr build_network(const std::string& description, const fs::path& path) {
    const auto json = Json::parse(description, nullptr, /*allow_exceptions=*/false);
    require(json.is_object() && json.contains("name") && json["name"].is_string(),
            "'{}': the stored description of the network is damaged", path.string());
    try {
        model::ModelOptions options;
        model::for_each_option(
            options, [&](const char* name, auto& value) { value = json.value(name, value); });
        return model::make(json["name"].get<std::string>(), options);
    } catch (const Json::exception&) {
        fail("'{}': the stored description of the network is damaged", path.string());
    }
}

std::vector<std::string> read_class_names(const tensor_file::Metadata& metadata,
                                          const fs::path& path) {
    const auto found = metadata.find(class_names_key);
    if (found == metadata.end()) {
        return {};
    }
    const auto json = Json::parse(found->second, nullptr, /*allow_exceptions=*/false);
    require(json.is_array() &&
                std::ranges::all_of(json, [](const Json& name) { return name.is_string(); }),
            "'{}': the stored list of class names is damaged", path.string());
    return json.get<std::vector<std::string>>();
}

int save(Call& call) {
    call.at_most(3);
    // By value, because describing the network may run the script's Lua code.
    const auto run = call.argument(1, "run").object<std::shared_ptr<run::Run>>();
    const auto network = to_model(call.L, call.argument(2, "model"));
    const std::string name = call.given(3) ? call.argument(3, "name").text() : "model";
    run::check_name("run:save: the model's name", name);
    const auto path = run->directory() / (name + ".safetensors");
    if (run->silent()) {
        return call.returns(path.string());
    }
    tensor_file::Metadata metadata;
    auto inner = network;
    if (const auto* normalised = dynamic_cast<model::NormalisedModel*>(network.get())) {
        metadata[normalised_key] =
            Json({{"mean", normalised->mean()}, {"deviation", normalised->deviation()}}).dump();
        inner = normalised->network();
    }
    auto state = model::state_of(*inner);
    if (inner->origin) {
        metadata[network_key] = describe_network(*inner->origin);
    } else if (const auto* exported = dynamic_cast<model::ExportedModel*>(inner.get())) {
        metadata.merge(model::describe_exported(*exported, state));
    }
    if (!network->class_names.empty()) {
        metadata[class_names_key] = json_text(Json(network->class_names));
    }
    tensor_file::save(path, state, metadata);
    return call.returns(path.string());
}

/// The path of a saved file, or of the network with this name in a run directory. Returns nothing
/// if `where` is the name of a network to build, or is unknown (hfc.model then reports the error).
std::optional<fs::path> find_saved(const std::string& where, const std::string& name) {
    const fs::path path = where;
    std::error_code error;
    const bool directory = fs::is_directory(path, error);
    const auto& networks = model::known_names();
    constexpr std::string_view endings[] = {".safetensors", ".pt2", ".pth", ".th", ".pt"};
    const bool is_path = where.find('/') != std::string::npos || directory ||
                         std::ranges::find(endings, path.extension()) != std::end(endings);
    if (!is_path || std::find(networks.begin(), networks.end(), where) != networks.end()) {
        return std::nullopt;
    }
    if (!directory) {
        require(fs::exists(path, error), "no such file or run directory: '{}'", where);
        return path;
    }
    const auto inside = path / (name + ".safetensors");
    require(fs::exists(inside, error), "the run directory '{}' does not contain '{}.safetensors'",
            where, name);
    return inside;
}

int returns_network(Call& call, model::ModelPtr network, const tensor_file::Metadata& metadata,
                    const fs::path& path) {
    if (const auto found = metadata.find(normalised_key); found != metadata.end()) {
        const auto json = Json::parse(found->second, nullptr, /*allow_exceptions=*/false);
        try {
            network = std::make_shared<model::NormalisedModel>(
                network, json.at("mean").get<std::vector<double>>(),
                json.at("deviation").get<std::vector<double>>());
        } catch (const Json::exception&) {
            fail("'{}': the stored normalisation is damaged", path.string());
        }
    }
    network->class_names = read_class_names(metadata, path);
    network->to(default_device());
    return call.returns_object(network);
}

int saved_model(Call& call) {
    call.at_most(2);
    const auto path = find_saved(call.argument(1, "path").text(),
                                 call.given(2) ? call.argument(2, "name").text() : "model");
    if (!path) {
        lua_pushnil(call.L);
        return 1;
    }
    if (path->extension() == ".pt2") {
        return returns_network(call, load_network(path->string()), {}, *path);
    }
    tensor_file::Metadata metadata;
    const auto state = tensor_file::load(*path, &metadata);
    if (model::describes_exported(metadata)) {
        const auto network = model::rebuild_exported(state, metadata, *path);
        model::use_channels_last(*network);
        return returns_network(call, network, metadata, *path);
    }
    const auto description = metadata.find(network_key);
    if (description == metadata.end()) {
        std::string misfit;
        auto known = model::known_network(state, &misfit);
        require(
            known.has_value(),
            "'{}' does not specify which network it contains, and its weights do not match any "
            "known network{}; build the network and call model:load_state_dict(torch.load(path))",
            path->string(), misfit.empty() ? "" : fmt::format(" ({})", misfit));
        fmt::print(stderr, "{}: {}\n", path->string(), known->about);
        return returns_network(call, known->network, {}, *path);
    }
    const auto network = build_network(description->second, *path);
    const auto wrong = model::fill(*network, {state.begin(), state.end()});
    require(!wrong, "'{}': {}", path->string(), wrong.value_or(""));
    return returns_network(call, network, metadata, *path);
}

const std::vector<Declaration> saved_model_declarations = {
    {"Run:save", save,
     "run:save(model, name = \"model\") -> path\n\n"
     "Writes the weights and buffers to NAME.safetensors in the run directory, with the arguments "
     "of hfc.model and the class_names. If the network came from a .pt2 file, NAME.safetensors "
     "also contains its graph, so no other file is needed to load it. Python's safetensors can "
     "read NAME.safetensors; the class names are a JSON list in the metadata entry "
     "hfc_class_names."},
    {"hfc.saved_model", saved_model,
     "hfc.saved_model(path, name = \"model\") -> Model, or nil\n\n"
     "Loads a network that was saved with run:save, with its class_names, and moves it to the "
     "device set by --device. Files of earlier versions contain no class_names. path: the file, or "
     "the run directory that contains NAME.safetensors. The path may also name a .pt2 file from "
     "torch.export, or a file of weights (.pth, .th, .pt, .safetensors) for torchvision's "
     "resnet18, resnet34, resnet50, vgg11, vgg16 or alexnet or for a network of "
     "pytorch_resnet_cifar10. A file of weights does not contain the normalisation of images. "
     "hfc-host therefore adds a normalisation layer in front of the network, with the mean and "
     "standard deviation of ImageNet that both projects use, and prints a message. Returns nil for "
     "the name of a network and for any string that is not a path (no '/', none of these "
     "extensions, not a directory), so that --model can accept either.\n"
     "Errors: a path that does not exist, a file that is damaged or does not contain the name "
     "of its network (such as the weights of a network written in Lua)."},
};

}  // namespace

namespace detail {

void register_saved_model(lua_State* L) {
    declare(L, saved_model_declarations);
}

}  // namespace detail
}  // namespace hfc::lua
