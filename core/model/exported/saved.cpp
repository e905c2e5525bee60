#include "model/exported/saved.h"

#include "base/error.h"
#include "model/exported/program.h"

#include <ATen/ATen.h>

namespace hfc::model {
namespace {

constexpr const char* graph_key = "hfc_exported_graph";
constexpr const char* name_key = "hfc_exported_name";
constexpr const char* tied_key = "hfc_exported_tied";  ///< {"decoder.weight": "encoder.weight"}
constexpr const char* frozen_key = "hfc_exported_frozen";
constexpr const char* constant_prefix = "hfc_constant.";

exported::Json read_list(const tensor_file::Metadata& metadata, const char* key) {
    const auto found = metadata.find(key);
    auto json = found == metadata.end() ? exported::Json()
                                        : exported::Json::parse(found->second, nullptr, false);
    exported::expect(json.is_array() || json.is_object(), "its metadata entry '{}' is damaged",
                     key);
    return json;
}

}  // namespace

tensor_file::Metadata describe_exported(const ExportedModel& model,
                                        tensor_file::NamedTensors& tensors) {
    exported::Json tied = exported::Json::object(), frozen = exported::Json::array();
    for (const auto& [name, first] : model.tied()) {
        tied[name] = first;
    }
    for (const auto& parameter : model.named_parameters()) {
        if (!parameter.value().requires_grad()) {
            frozen.push_back(parameter.key());
        }
    }
    for (const auto& [name, tensor] : model.constants()) {
        tensors.emplace_back(constant_prefix + name, tensor);
    }
    return {{graph_key, model.program().json},
            {name_key, model.name()},
            {tied_key, tied.dump()},
            {frozen_key, frozen.dump()}};
}

bool describes_exported(const tensor_file::Metadata& metadata) {
    return metadata.contains(graph_key);
}

std::shared_ptr<ExportedModel> rebuild_exported(const tensor_file::NamedTensors& tensors,
                                                const tensor_file::Metadata& metadata,
                                                const std::filesystem::path& path) {
    try {
        auto program = std::make_shared<const exported::Program>(
            exported::parse_program(metadata.at(graph_key)));
        std::map<std::string, at::Tensor> given(tensors.begin(), tensors.end());
        const auto tied = read_list(metadata, tied_key);
        const auto frozen = read_list(metadata, frozen_key);
        std::map<std::string, at::Tensor> state;
        for (const auto& own : program->states) {
            auto name = own.is_stored() ? own.name : constant_prefix + own.name;
            if (const auto alias = tied.find(own.name); alias != tied.end()) {
                exported::expect(alias->is_string(), "its list of tied weights is damaged");
                name = alias->get<std::string>();
            }
            const auto found = given.find(name);
            exported::expect(found != given.end(), "its tensor '{}' is missing", name);
            if (own.kind == exported::State::Kind::parameter && found->second.is_floating_point()) {
                found->second.requires_grad_(std::ranges::find(frozen, exported::Json(name)) ==
                                             frozen.end());
            }
            state[own.name] = found->second;
        }
        const auto name = metadata.find(name_key);
        return std::make_shared<ExportedModel>(
            std::move(program), state,
            name == metadata.end() ? path.filename().string() : name->second);
    } catch (const tensor_file::Malformed& error) {
        fail("cannot read '{}': {}", path.string(), error.what());
    } catch (const c10::Error& error) {
        fail("cannot read '{}': {}", path.string(), short_message(error));
    }
}

}  // namespace hfc::model
