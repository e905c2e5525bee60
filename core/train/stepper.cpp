#include "train/stepper.h"

#include "base/error.h"
#include "base/utf8.h"
#include "model/autocast.h"
#include "optim/gradients.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>

namespace hfc::train {
namespace {

std::vector<at::Tensor> trainable_parameters(model::Model& model) {
    auto parameters = model.parameters();
    std::erase_if(parameters,
                  [](const at::Tensor& parameter) { return !parameter.requires_grad(); });
    require(!parameters.empty(),
            "the model has no parameter that asks for a gradient, so there is nothing "
            "to train");
    return parameters;
}

void require_parameters_of(const optim::Optimizer& optimizer, model::Model& model) {
    const auto own = model.parameters();
    for (const auto& group : optimizer.groups()) {
        for (const auto& parameter : group.parameters) {
            require(
                std::ranges::any_of(own, [&](const auto& one) { return one.is_same(parameter); }),
                "the optimizer steps a tensor [{}] that is no parameter of the model",
                fmt::join(parameter.sizes(), ", "));
        }
    }
    require(!optimizer.needs_closure(), "the optimizer lbfgs needs a closure for each step");
}

/// The states lie where the weights do, whatever the optimizer has been through.
void move_states(optim::Optimizer& optimizer) {
    size_t position = 0;
    for (const auto& group : optimizer.groups()) {
        for (size_t i = 0; i < group.parameters.size(); ++i, ++position) {
            auto& state = optimizer.states()[position];
            if (!state.empty()) {
                state = optimizer.fitted(state, position);
            }
        }
    }
}

void require_loss(const at::Tensor& loss, const Stepper::Step& step) {
    require(loss.defined() && loss.numel() == 1 && at::isFloatingType(loss.scalar_type()),
            "the loss must be one floating-point number, got {} at epoch {}, step {}",
            loss.defined() ? fmt::format("{} [{}]", at::toString(loss.scalar_type()),
                                         fmt::join(loss.sizes(), ", "))
                           : "nothing",
            step.epoch, step.number);
    require(loss.requires_grad(),
            "the loss does not depend on the model's parameters, so there is nothing to train");
}

}  // namespace

Stepper::Stepper(model::Model& model, const data::Dataset& dataset, const TrainOptions& options)
    : model_(model),
      dataset_(dataset),
      options_(options),
      batches_(data::number_of_batches(dataset.size(), options.batch_size, options.drop_last)),
      steps_((batches_ + options.accumulate - 1) / options.accumulate),
      objective_(options.objective ? options.objective : make_objective("cross_entropy")) {
    objective_->begin(dataset_);
    model_.to(options_.device);
    model::use_channels_last(model_);
    const auto parameters = trainable_parameters(model_);
    if (options_.given_optimizer) {
        require_parameters_of(*options_.given_optimizer, model_);
    }
    optimizer_ = options_.given_optimizer ? options_.given_optimizer
                                          : optim::make_optimizer(parameters, options_.optimizer);
    move_states(*optimizer_);
    std::ranges::transform(optimizer_->groups(), std::back_inserter(rates_),
                           [](const optim::ParameterGroup& group) { return group.options.lr; });
    if (options_.average) {
        average_.emplace(model_, *options_.average);
    }
}

Stepper::~Stepper() {
    for (size_t i = 0; i < rates_.size(); ++i) {
        optimizer_->groups()[i].options.lr = rates_[i];
    }
    optimizer_->zero_grad();
}

checkpoint::Json Stepper::describe_groups() const {
    auto all = checkpoint::Json::array();
    const auto named = model_.named_parameters();
    for (size_t i = 0; i < rates_.size(); ++i) {
        const auto& group = optimizer_->groups()[i];
        auto settings = group.options;
        settings.lr = rates_[i];
        auto names = checkpoint::Json::array();
        for (const auto& parameter : group.parameters) {
            for (const auto& item : named) {
                if (item.value().is_same(parameter)) {
                    names.push_back(to_utf8(item.key()));
                }
            }
        }
        all.push_back({{"settings", describe(settings)}, {"parameters", names}});
    }
    return all;
}

int64_t Stepper::images() const {
    return std::min(dataset_.size(), batches_ * options_.batch_size);
}

Stepper::Step Stepper::begin(int64_t epoch, int64_t batch) {
    optimizer_->zero_grad();
    Step step{epoch, (epoch - 1) * steps_ + batch / options_.accumulate + 1};
    step.batches = std::min(options_.accumulate, batches_ - batch);
    step.images =
        std::min(images() - batch * options_.batch_size, step.batches * options_.batch_size);
    const auto factor = factor_of(step);
    step.lr = lr() * factor;
    for (size_t i = 0; i < rates_.size(); ++i) {
        optimizer_->groups()[i].options.lr = rates_[i] * factor;
    }
    return step;
}

double Stepper::factor_of(const Step& step) const {
    const auto factor = options_.schedule
                            ? options_.schedule->factor({step.number - 1, steps_, options_.epochs})
                            : 1;
    require(std::isfinite(factor) && factor >= 0,
            "the schedule must give a finite factor of at least 0; it gave {} at epoch {}, step {}",
            factor, step.epoch, step.number);
    return factor;
}

void Stepper::add_gradients(data::Loader& loader, Step& step, RunningLoss& losses) {
    std::vector<std::pair<Loss, int64_t>> parts;
    for (int64_t i = 0; i < step.batches; ++i) {
        const auto batch = *loader.next();
        const auto images = batch.samples.size(0);
        const auto loss = loss_of(prepare(batch, step));
        require_loss(loss.total, step);
        const auto weight = static_cast<double>(images) / static_cast<double>(step.images);
        const auto part = step.batches > 1 ? loss.total * weight : loss.total;
        part.backward();
        step.loss = step.loss.defined() ? step.loss + part.detach() : part.detach();
        require_gradient();
        parts.emplace_back(Loss{loss.total.detach(), loss.terms}, images);
    }
    for (const auto& [loss, images] : parts) {
        losses.add(loss.total, images, loss.terms);
    }
}

Loss Stepper::loss_of(const TrainingBatch& batch) const {
    const model::AutocastScope autocast(options_.device.type(), options_.bfloat16);
    return objective_->loss(model_, batch);
}

/// To the device and through the transforms.
TrainingBatch Stepper::prepare(const data::Batch& batch, const Step& step) const {
    const auto labels = batch.labels.defined() ? batch.labels.to(options_.device) : batch.labels;
    data::TransformBatch transformed{batch.images.to(options_.device),
                                     labels,
                                     batch.samples,
                                     {options_.seed, step.epoch},
                                     batch.targets};
    for (const auto& transform : options_.transforms) {
        transform->apply(transformed);
    }
    return {transformed.images.contiguous(at::MemoryFormat::ChannelsLast),
            transformed.labels,
            batch.samples,
            transformed.draw,
            step.number,
            std::move(transformed.targets)};
}

/// The loss may depend on other tensors than the model's.
void Stepper::require_gradient() const {
    const auto has_gradient = [](const at::Tensor& parameter) {
        return parameter.grad().defined();
    };
    require(std::ranges::any_of(optimizer_->groups(),
                                [&](const optim::ParameterGroup& group) {
                                    return std::ranges::any_of(group.parameters, has_gradient);
                                }),
            "the loss does not depend on the model's parameters, so there is nothing to train");
}

void Stepper::finish(const Step& step) {
    clip_gradients(step);
    optimizer_->step();
    if (average_) {
        average_->update();
    }
}

void Stepper::clip_gradients(const Step& step) const {
    if (!options_.clip_norm) {
        return;
    }
    std::vector<at::Tensor> gradients;
    for (const auto& group : optimizer_->groups()) {
        for (const auto& parameter : group.parameters) {
            if (parameter.grad().defined()) {
                gradients.push_back(parameter.grad());
            }
        }
    }
    const auto total = optim::total_norm(gradients);
    // Asking a GPU would wait for it; there the next loss tells.
    require(!total.is_cpu() || std::isfinite(total.item<double>()),
            "the norm of the gradients is {} at epoch {}, step {}", total.item<double>(),
            step.epoch, step.number);
    optim::scale_to_norm(gradients, *options_.clip_norm, total);
}

}  // namespace hfc::train
