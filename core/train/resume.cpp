#include "train/resume.h"

#include "base/counted.h"
#include "base/dtype_name.h"
#include "base/error.h"
#include "base/utf8.h"
#include "data/transform/augment.h"
#include "model/state.h"
#include "parallel/group.h"
#include "train/rewind.h"
#include "train/stored_result.h"

#include <ATen/ATen.h>
#include <ATen/Context.h>
#include <ATen/Functions.h>
#include <ATen/Parallel.h>
#include <ATen/core/grad_mode.h>

#include <algorithm>
#include <mutex>

namespace hfc::train {
namespace {

using checkpoint::Checkpoint;
using checkpoint::Json;
using tensor_file::NamedTensors;

/// Sets the state on a copy of the generator, so that LibTorch checks its length and its fields.
void require_generator_state(at::Device device, const at::Tensor& state, const char* name) {
    try {
        const auto own = generator_state(device);
        require(state.scalar_type() == own.scalar_type() && state.sizes() == own.sizes(),
                "the checkpoint's '{}' comes from a different version of LibTorch: {} {}, expected "
                "{} {}",
                name, dtype_name(state.scalar_type()), state.sizes(), dtype_name(own.scalar_type()),
                own.sizes());
        auto generator = at::globalContext().defaultGenerator(device);
        const std::scoped_lock lock(generator.mutex());
        generator.clone().set_state(state);
    } catch (const c10::Error& error) {
        fail("the checkpoint's '{}' is not the state of a random number generator: {}", name,
             short_message(error));
    }
}

/// The name of a weight or buffer in a checkpoint. If a name is not UTF-8, its position is added,
/// so that it remains unique.
std::string tensor_name(const std::string& key, size_t place) {
    return is_utf8(key) ? "model." + key : fmt::format("model.#{} {}", place, to_utf8(key));
}

/// Each weight and buffer under its name in the checkpoint.
NamedTensors model_tensors(const model::Model& model) {
    NamedTensors tensors;
    for (const auto& [name, tensor] : model::state_of(model)) {
        tensors.emplace_back(tensor_name(name, tensors.size()), tensor.detach());
    }
    return tensors;
}

Position to_position(const Json& state) {
    Position position;
    position.epoch = state.at("epoch").get<int64_t>();
    position.batch = state.at("batch").get<int64_t>();
    position.losses = {state.at("loss_sum").get<double>(), state.at("loss_images").get<int64_t>(),
                       state.at("loss_batches").get<int64_t>(),
                       state.value("loss_terms", std::map<std::string, double>())};
    position.stopped = state.value("stopped", false);
    for (const auto& result : state.at("results")) {
        position.results.push_back(to_result(result));
    }
    require(position.epoch >= 1 && position.batch >= 0 &&
                static_cast<int64_t>(position.results.size()) == position.epoch - 1,
            "the checkpoint is inconsistent: it is at epoch {}, batch {}, but contains the results "
            "of {} epochs",
            position.epoch, position.batch, position.results.size());
    return position;
}

/// Entries that later versions added. They are not compared if the checkpoint lacks them.
constexpr const char* added_later[] = {"shape", "content", "probe_content"};

/// The setting as this version writes it. The number of the GPU is dropped, because it does not
/// matter.
Json as_written_now(const std::string& key, const Json& value) {
    if (key == "device" && value.is_string()) {
        const auto name = value.get<std::string>();
        return name.substr(0, name.find(':'));
    }
    return value;
}

/// Converts entries that older versions wrote under other names. An entry is left unchanged if it
/// involved random numbers that were drawn per batch.
Json migrated(Json was) {
    const auto old = [&](const char* key) { return was.value(key, Json()); };
    const bool of_samples = !old("random_numbers").is_null();
    if (const auto attack = old("adversarial");
        !attack.is_null() && (of_samples || !attack.at("random_start").get<bool>())) {
        Json objective = {{"objective", Json()}};
        objective.update(attack);
        if (attack.contains("band")) {
            objective["band"].erase(3);
            if (const auto mask = old("band_mask"); !mask.is_null()) {
                objective["band"].push_back(mask);
            }
        }
        was["objective"] = {{"adversarial", objective}};
        was["adversarial"] = Json();
    }
    if (const auto a = old("augment"); !a.is_null() && of_samples) {
        data::AugmentOptions options;
        a.at("scale").at(0).get_to(options.least_scale);
        a.at("scale").at(1).get_to(options.most_scale);
        a.at("translate").get_to(options.translate);
        a.at("rotate").get_to(options.rotate);
        a.at("crop").get_to(options.least_crop);
        a.at("pad").get_to(options.pad);
        a.at("flip").get_to(options.flip);
        was["transforms"] =
            describe_transforms({std::make_shared<data::AugmentTransform>(options)});
        was["augment"] = Json();
    }
    return was;
}

void require_same(const Json& was, const Json& is) {
    for (const auto& [key, value] : is.items()) {
        const bool later = std::ranges::find(added_later, key) != std::end(added_later);
        if (later && !was.contains(key)) {
            continue;
        }
        const auto before = was.contains(key) ? as_written_now(key, was.at(key)) : Json();
        require(before == value,
                "the checkpoint belongs to a different training run: {} was {} "
                "and is now {}",
                key, json_text(before), json_text(value));
    }
}

/// The optimizer's state for parameter `index`, in the layout of that parameter.
optim::Optimizer::State optimizer_state(const NamedTensors& tensors, size_t index,
                                        const at::Tensor& parameter) {
    optim::Optimizer::State state;
    for (const auto& [name, tensor] :
         tensor_file::under(tensors, fmt::format("optimizer.{}", index))) {
        const bool number = optim::is_state_number(name);
        const auto sizes = number ? at::IntArrayRef() : parameter.sizes();
        const auto type = number ? at::kFloat : parameter.scalar_type();
        require(tensor.sizes() == sizes && tensor.scalar_type() == type,
                "the checkpoint's 'optimizer.{}.{}' is {} of shape {}, expected {} of "
                "shape {}",
                index, name, dtype_name(tensor.scalar_type()), tensor.sizes(), dtype_name(type),
                sizes);
        // The optimizer moves its step counts to where it needs them. States with one number per
        // weight have the layout of the weight.
        state.emplace(name,
                      number ? tensor.clone()
                             : at::empty_like(parameter, parameter.options().requires_grad(false))
                                   .copy_(tensor));
    }
    return state;
}

std::vector<optim::Optimizer::State> optimizer_states(const NamedTensors& tensors,
                                                      optim::Optimizer& optimizer) {
    std::vector<optim::Optimizer::State> states;
    for (const auto& group : optimizer.groups()) {
        for (const auto& parameter : group.parameters) {
            states.push_back(optimizer_state(tensors, states.size(), parameter));
        }
    }
    return states;
}

/// The properties of the machine that affect the last digits but do not define a training run.
struct Machine {
    int64_t threads = at::get_num_threads();
    int64_t processes = parallel::world().size();
};

Machine machine_of(const Json& state) {
    return {state.value("threads", Machine().threads), state.value("processes", int64_t{1})};
}

void warn_of(const Machine& before, at::Device device,
             const std::function<void(const std::string&)>& warn) {
    const Machine now;
    if (device.is_cpu() && before.threads != now.threads) {
        warn(
            fmt::format("the checkpoint was written with {}, but training continues with {}, "
                        "so the last digits of the results may differ",
                        counted(before.threads, "thread"), now.threads));
    }
    if (before.processes != now.processes) {
        warn(fmt::format(
            "the checkpoint was written by {} process{}, but training continues with {}, so the "
            "last digits of the results may differ, and dropout draws different random numbers",
            before.processes, before.processes == 1 ? "" : "es", now.processes));
    }
}

}  // namespace

Checkpoint capture(const Trained& trained, const Position& position, const Json& training) {
    const auto& model = trained.model;
    auto& optimizer = trained.optimizer;
    Checkpoint checkpoint;
    checkpoint.tensors = model_tensors(model);
    for (size_t i = 0; i < optimizer.states().size(); ++i) {
        for (const auto& [name, tensor] : optimizer.states()[i]) {
            checkpoint.tensors.emplace_back(fmt::format("optimizer.{}.{}", i, name), tensor);
        }
    }
    if (trained.average != nullptr) {
        std::ranges::copy(trained.average->state(), std::back_inserter(checkpoint.tensors));
    }
    if (trained.best != nullptr) {
        std::ranges::copy(trained.best->state(), std::back_inserter(checkpoint.tensors));
    }
    for (auto& [name, tensor] : checkpoint.tensors) {
        // The writer uses the tensors while training continues, so they are copied.
        tensor = tensor.to(at::kCPU, tensor.scalar_type(), /*non_blocking=*/false, /*copy=*/true);
    }
    const auto device = model::device_of(model);
    checkpoint.tensors.emplace_back("generator.cpu", generator_state(at::kCPU));
    if (!device.is_cpu()) {
        checkpoint.tensors.emplace_back("generator.device", generator_state(device));
    }
    Json results = Json::array();
    std::ranges::transform(position.results, std::back_inserter(results), to_json);
    Json class_names = Json::array();
    std::ranges::transform(model.class_names, std::back_inserter(class_names), to_utf8);
    checkpoint.state = {{"training", training},
                        {"class_names", class_names},
                        {"threads", at::get_num_threads()},
                        {"processes", parallel::world().size()},
                        {"epoch", position.epoch},
                        {"batch", position.batch},
                        {"stopped", position.stopped},
                        {"loss_sum", position.losses.sum},
                        {"loss_images", position.losses.images},
                        {"loss_batches", position.losses.batches},
                        {"loss_terms", position.losses.terms},
                        {"results", results}};
    return checkpoint;
}

Position restore(const Checkpoint& checkpoint, const Trained& trained, const Json& training,
                 const std::function<void(const std::string&)>& warn) {
    auto& model = trained.model;
    auto& optimizer = trained.optimizer;
    const auto& state = checkpoint.state;
    Position position;
    Machine machine;
    try {
        machine = machine_of(state);
        require_same(migrated(state.at("training")), training);
        position = to_position(state);
    } catch (const Json::exception&) {
        fail("a field of the checkpoint is missing or has the wrong type");
    }
    const auto targets = model_tensors(model);
    for (const auto& [name, target] : targets) {
        const auto& saved = checkpoint.tensor(name);
        require(saved.sizes() == target.sizes() && saved.scalar_type() == target.scalar_type(),
                "the checkpoint belongs to a different model: '{}' was {} {} and is now {} {}",
                name, dtype_name(saved.scalar_type()), saved.sizes(),
                dtype_name(target.scalar_type()), target.sizes());
    }
    auto states = optimizer_states(checkpoint.tensors, optimizer);
    const auto device = model::device_of(model);
    const auto cpu_generator = checkpoint.tensor("generator.cpu");
    const auto device_generator =
        device.is_cpu() ? at::Tensor() : checkpoint.tensor("generator.device");
    require_generator_state(at::kCPU, cpu_generator, "generator.cpu");
    if (device_generator.defined()) {
        require_generator_state(device, device_generator, "generator.device");
    }
    if (warn) {
        warn_of(machine, device, warn);
    }
    if (trained.average != nullptr) {
        trained.average->restore(checkpoint);
    }
    if (trained.best != nullptr) {
        trained.best->restore(checkpoint);
    }
    const at::NoGradGuard no_grad;
    for (const auto& [name, target] : targets) {
        target.copy_(checkpoint.tensor(name));
    }
    optimizer.states() = std::move(states);
    set_generator_state(at::kCPU, cpu_generator);
    if (device_generator.defined()) {
        set_generator_state(device, device_generator);
    }
    return position;
}

}  // namespace hfc::train
