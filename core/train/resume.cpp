#include "train/resume.h"

#include "attack/settings.h"
#include "base/error.h"
#include "train/rewind.h"

#include <ATen/Functions.h>
#include <ATen/core/grad_mode.h>

namespace hfc::train {
namespace {

using checkpoint::Checkpoint;
using checkpoint::Json;
using tensor_file::NamedTensors;

/// Each weight and buffer, and the tensor that the checkpoint has for it.
NamedTensors model_tensors(const model::Model& model) {
    NamedTensors tensors;
    for (const auto& item : model.named_parameters()) {
        tensors.emplace_back("model." + item.key(), item.value().detach());
    }
    for (const auto& item : model.named_buffers()) {
        tensors.emplace_back("model." + item.key(), item.value().detach());
    }
    return tensors;
}

const at::Tensor& find(const NamedTensors& tensors, const std::string& name) {
    const auto found =
        std::ranges::find(tensors, name, [](const auto& named) { return named.first; });
    require(found != tensors.end(), "hfc.train: the checkpoint lacks the tensor '{}'", name);
    return found->second;
}

Json to_json(const EpochResult& result) {
    Json accuracy = Json::array();
    for (const auto& [name, value] : result.accuracy) {
        accuracy.push_back({name, value});
    }
    return {{"epoch", result.epoch},
            {"step", result.step},
            {"loss", result.loss},
            {"train_seconds", result.train_seconds},
            {"probe_seconds", result.probe_seconds},
            {"images_per_second", result.images_per_second},
            {"accuracy", accuracy}};
}

EpochResult to_result(const Json& json) {
    EpochResult result;
    result.epoch = json.at("epoch").get<int64_t>();
    result.step = json.at("step").get<int64_t>();
    result.loss = json.at("loss").get<double>();
    result.train_seconds = json.at("train_seconds").get<double>();
    result.probe_seconds = json.at("probe_seconds").get<double>();
    result.images_per_second = json.at("images_per_second").get<double>();
    for (const auto& pair : json.at("accuracy")) {
        result.accuracy.emplace_back(pair.at(0).get<std::string>(), pair.at(1).get<double>());
    }
    return result;
}

Position to_position(const Json& state) {
    Position position;
    position.epoch = state.at("epoch").get<int64_t>();
    position.batch = state.at("batch").get<int64_t>();
    position.losses = {state.at("loss_sum").get<double>(), state.at("loss_images").get<int64_t>(),
                       state.at("loss_batches").get<int64_t>()};
    position.stopped = state.value("stopped", false);
    for (const auto& result : state.at("results")) {
        position.results.push_back(to_result(result));
    }
    require(position.epoch >= 1 && position.batch >= 0 &&
                static_cast<int64_t>(position.results.size()) == position.epoch - 1,
            "hfc.train: the checkpoint is at epoch {}, batch {}, with the results of {} epochs, "
            "which cannot be",
            position.epoch, position.batch, position.results.size());
    return position;
}

void require_same(const Json& was, const Json& is) {
    for (const auto& [key, value] : is.items()) {
        const auto before = was.contains(key) ? was.at(key) : Json();
        require(before == value,
                "hfc.train: the checkpoint is of another training: {} was {} and is now {}", key,
                before.dump(), value.dump());
    }
}

/// The state of the optimizer's parameter `index`, in the layout of that parameter.
Optimizer::State optimizer_state(const NamedTensors& tensors, size_t index,
                                 const at::Tensor& parameter) {
    Optimizer::State state;
    for (const auto& [name, tensor] :
         tensor_file::under(tensors, fmt::format("optimizer.{}", index))) {
        // One number ("step") stays on the CPU as it is; what has a number for each weight lies as
        // the weight does.
        auto value = tensor;
        if (tensor.dim() > 0 || parameter.dim() == 0) {
            require(tensor.sizes() == parameter.sizes(),
                    "hfc.train: the checkpoint's 'optimizer.{}.{}' has shape {}, but the weight {}",
                    index, name, tensor.sizes(), parameter.sizes());
            value =
                at::empty_like(parameter,
                               parameter.options().dtype(tensor.scalar_type()).requires_grad(false))
                    .copy_(tensor);
        }
        state.emplace(name, value);
    }
    return state;
}

std::vector<Optimizer::State> optimizer_states(const NamedTensors& tensors, Optimizer& optimizer) {
    std::vector<Optimizer::State> states;
    for (const auto& group : optimizer.groups()) {
        for (const auto& parameter : group.parameters) {
            states.push_back(optimizer_state(tensors, states.size(), parameter));
        }
    }
    return states;
}

/// Null for what is not asked for, so that a checkpoint from before these settings is one without
/// them.
Json describe_augment(const data::AugmentOptions& options) {
    return options.any() ? Json{{"scale", {options.least_scale, options.most_scale}},
                                {"translate", options.translate},
                                {"rotate", options.rotate},
                                {"crop", options.least_crop},
                                {"pad", options.pad},
                                {"flip", options.flip}}
                         : Json();
}

Json describe_attack(const std::optional<attack::AttackOptions>& options) {
    if (!options) {
        return {};
    }
    const auto settings = attack::resolve(*options);
    Json attack = {{"method", options->method},
                   {"epsilon", settings.epsilon},
                   {"alpha", settings.alpha_for(settings.epsilon)},
                   {"steps", settings.steps},
                   {"decay", settings.decay},
                   {"random_start", settings.random_start},
                   {"restarts", settings.restarts},
                   {"targeted", settings.targeted},
                   {"loss", options->loss}};
    if (settings.band) {
        const auto& band = *settings.band;
        attack["band"] = {static_cast<int>(band.part), band.radius, static_cast<int>(band.rule),
                          band.mask.defined() ? band.mask.sum().item<double>() : 0};
    }
    return attack;
}

}  // namespace

Json describe(const data::Dataset& dataset, const TrainOptions& options) {
    Json optimizer = {{"name", options.optimizer.name}};
    for (const auto& setting : settings_of(options.optimizer.name)) {
        optimizer[setting.name] = setting.number != nullptr
                                      ? Json(options.optimizer.*setting.number)
                                      : Json(options.optimizer.*setting.flag);
    }
    Json probes = Json::array();
    for (const auto& probe : options.probes) {
        probes.push_back(probe.name);
    }
    return {{"probes", probes},
            {"dataset", dataset.name()},
            {"images", dataset.size()},
            {"batch_size", options.batch_size},
            {"seed", options.seed},
            {"device", options.device.str()},
            {"optimizer", optimizer},
            {"probe_samples", options.probe_samples},
            {"augment", describe_augment(options.augment)},
            {"mixup", options.mixup > 0 ? Json(options.mixup) : Json()},
            {"adversarial", describe_attack(options.adversarial)}};
}

Checkpoint capture(const model::Model& model, Optimizer& optimizer, const Position& position,
                   const Json& training) {
    Checkpoint checkpoint;
    checkpoint.tensors = model_tensors(model);
    for (size_t i = 0; i < optimizer.states().size(); ++i) {
        for (const auto& [name, tensor] : optimizer.states()[i]) {
            checkpoint.tensors.emplace_back(fmt::format("optimizer.{}.{}", i, name), tensor);
        }
    }
    const auto device = model::device_of(model);
    checkpoint.tensors.emplace_back("generator.cpu", generator_state(at::kCPU));
    if (!device.is_cpu()) {
        checkpoint.tensors.emplace_back("generator.device", generator_state(device));
    }
    Json results = Json::array();
    std::ranges::transform(position.results, std::back_inserter(results), to_json);
    checkpoint.state = {{"training", training},
                        {"epoch", position.epoch},
                        {"batch", position.batch},
                        {"stopped", position.stopped},
                        {"loss_sum", position.losses.sum},
                        {"loss_images", position.losses.images},
                        {"loss_batches", position.losses.batches},
                        {"results", results}};
    return checkpoint;
}

Position restore(const Checkpoint& checkpoint, model::Model& model, Optimizer& optimizer,
                 const Json& training) {
    const auto& state = checkpoint.state;
    Position position;
    try {
        require_same(state.at("training"), training);
        position = to_position(state);
    } catch (const Json::exception&) {
        fail("hfc.train: the checkpoint lacks a field, or one is of another kind");
    }
    const auto targets = model_tensors(model);
    for (const auto& [name, target] : targets) {
        const auto& saved = find(checkpoint.tensors, name);
        require(saved.sizes() == target.sizes() && saved.scalar_type() == target.scalar_type(),
                "hfc.train: the checkpoint is of another model: '{}' was {} {} and is now {} {}",
                name, toString(saved.scalar_type()), saved.sizes(), toString(target.scalar_type()),
                target.sizes());
    }
    auto states = optimizer_states(checkpoint.tensors, optimizer);
    const auto device = model::device_of(model);
    const auto cpu_generator = find(checkpoint.tensors, "generator.cpu");
    const auto device_generator =
        device.is_cpu() ? at::Tensor() : find(checkpoint.tensors, "generator.device");

    const at::NoGradGuard no_grad;
    for (const auto& [name, target] : targets) {
        target.copy_(find(checkpoint.tensors, name));
    }
    optimizer.states() = std::move(states);
    set_generator_state(at::kCPU, cpu_generator);
    if (device_generator.defined()) {
        set_generator_state(device, device_generator);
    }
    return position;
}

}  // namespace hfc::train
