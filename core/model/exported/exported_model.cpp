#include "model/exported/exported_model.h"

#include "base/error.h"
#include "model/exported/program.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

namespace hfc::model {
namespace {

/// "layer1.0.conv1" -> ("layer1.0", "conv1").
std::pair<std::string, std::string> split_name(const std::string& name) {
    const auto dot = name.rfind('.');
    return dot == std::string::npos ? std::pair(std::string(), name)
                                    : std::pair(name.substr(0, dot), name.substr(dot + 1));
}

/// "torch.nn.modules.conv.Conv2d" -> "Conv2d".
std::string short_type(const std::string& type) {
    const auto last = split_name(type).second;
    return last.empty() ? "Layer" : last;
}

}  // namespace

ExportedModel::ExportedModel(std::shared_ptr<const exported::Program> program,
                             const std::map<std::string, at::Tensor>& tensors,
                             const std::string& name)
    : Model(name), program_(std::move(program)) {
    std::map<std::string, torch::nn::Module*> by_path;
    for (const auto& info : program_->modules) {
        if (info.path.empty()) {
            modules_.push_back(nullptr);
            by_path[""] = this;
            continue;
        }
        const auto [parent, own] = split_name(info.path);
        modules_.push_back(by_path.at(parent)->register_module(
            own, std::make_shared<Layer>(short_type(info.type))));
        by_path[info.path] = modules_.back().get();
    }
    std::set<const void*> registered;  // a tied weight is one parameter, under its first name
    for (const auto& state : program_->states) {
        const auto found = tensors.find(state.name);
        require(found != tensors.end(), "the tensor '{}' is missing", state.name);
        const auto& tensor = tensors_.emplace_back(found->second);
        const auto [parent, own] = split_name(state.name);
        using Kind = exported::State::Kind;
        if (!state.is_stored() || !registered.insert(tensor.unsafeGetTensorImpl()).second) {
            continue;
        }
        if (state.kind == Kind::parameter) {
            by_path.at(parent)->register_parameter(own, tensor, tensor.requires_grad());
        } else {
            by_path.at(parent)->register_buffer(own, tensor);
        }
    }
    if (const auto weights = parameters(); !weights.empty()) {
        exported_type_ = weights.front().scalar_type();
    }
    train(program_->training);
}

std::map<std::string, std::string> ExportedModel::tied() const {
    std::map<const void*, std::string> first;
    std::map<std::string, std::string> result;
    for (size_t i = 0; i < tensors_.size(); ++i) {
        const auto& name = program_->states[i].name;
        const auto [found, is_new] = first.emplace(tensors_[i].unsafeGetTensorImpl(), name);
        if (!is_new) {
            result[name] = found->second;
        }
    }
    return result;
}

/// Code that moves a network sometimes moves only the parameters and buffers, so the constants
/// follow them here.
void ExportedModel::follow(const at::Tensor& images) {
    const auto weights = parameters();
    const auto type =
        weights.empty() ? std::optional<at::ScalarType>() : weights.front().scalar_type();
    for (auto& [name, tensor] : constants()) {
        if (tensor.device() != images.device()) {
            tensor.set_data(tensor.detach().to(images.device()));
        }
        if (type && type != exported_type_ && tensor.scalar_type() == *exported_type_) {
            tensor.set_data(tensor.detach().to(*type));
        }
    }
    if (type) {
        exported_type_ = type;
    }
}

ExportedModel::~ExportedModel() = default;

ModelPtr ExportedModel::copy() const {
    std::map<std::string, at::Tensor> tensors;
    std::map<const void*, at::Tensor> copies;
    for (size_t i = 0; i < tensors_.size(); ++i) {
        auto& copied = copies[tensors_[i].unsafeGetTensorImpl()];
        if (!copied.defined()) {
            copied = tensors_[i].detach().clone();
            copied.requires_grad_(tensors_[i].requires_grad());
        }
        tensors[program_->states[i].name] = copied;
    }
    auto result = std::make_shared<ExportedModel>(program_, tensors, name());
    result->exported_type_ = exported_type_;
    result->class_names = class_names;
    result->train(is_training());
    for (size_t i = 1; i < modules_.size(); ++i) {
        if (result->modules_[i]->is_training() != modules_[i]->is_training()) {
            result->modules_[i]->train(modules_[i]->is_training());
        }
    }
    return result;
}

tensor_file::NamedTensors ExportedModel::constants() const {
    tensor_file::NamedTensors result;
    for (size_t i = 0; i < tensors_.size(); ++i) {
        const auto& state = program_->states[i];
        if (!state.is_stored()) {
            result.emplace_back(state.name, tensors_[i]);
        }
    }
    return result;
}

void ExportedModel::move(std::optional<at::Device> device, std::optional<at::ScalarType> type,
                         bool non_blocking) {
    for (auto& tensor : tensors_) {
        const auto options = tensor.options();
        // Indices and counts stay integers.
        const auto wanted = tensor.is_floating_point() && type ? *type : tensor.scalar_type();
        tensor.set_data(tensor.detach().to(
            options.device(device.value_or(tensor.device())).dtype(wanted).requires_grad(false),
            non_blocking));
    }
}

void ExportedModel::to(torch::Device device, torch::Dtype dtype, bool non_blocking) {
    move(device, dtype, non_blocking);
}

void ExportedModel::to(torch::Dtype dtype, bool non_blocking) {
    move({}, dtype, non_blocking);
}

void ExportedModel::to(torch::Device device, bool non_blocking) {
    move(device, {}, non_blocking);
}

}  // namespace hfc::model
