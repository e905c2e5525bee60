#include "train/stepper.h"

#include "base/counted.h"
#include "base/dtype_name.h"
#include "base/error.h"
#include "base/random.h"
#include "base/utf8.h"
#include "data/order.h"
#include "model/autocast.h"
#include "model/layers.h"
#include "model/share.h"
#include "model/synchronised_norm.h"
#include "optim/gradients.h"

#include <ATen/ATen.h>
#include <ATen/Context.h>

#include <algorithm>
#include <cmath>
#include <mutex>

namespace hfc::train {
namespace {

std::vector<at::Tensor> trainable_parameters(model::Model& model) {
    auto parameters = model.parameters();
    std::erase_if(parameters,
                  [](const at::Tensor& parameter) { return !parameter.requires_grad(); });
    require(!parameters.empty(), "nothing to train: no parameter of the model requires grad");
    return parameters;
}

void require_parameters_of(const optim::Optimizer& optimizer, model::Model& model) {
    const auto own = model.parameters();
    for (const auto& group : optimizer.groups()) {
        for (const auto& parameter : group.parameters) {
            require(
                std::ranges::any_of(own, [&](const auto& one) { return one.is_same(parameter); }),
                "the optimizer updates a tensor of shape [{}] that is not a parameter of the model",
                fmt::join(parameter.sizes(), ", "));
        }
    }
    require(!optimizer.needs_closure(),
            "the optimizer lbfgs is not supported because it requires a closure for each step");
}

/// Moves the states to wherever the weights are, whatever the optimizer was used for before.
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

/// The statistics that BatchNorm layers keep of the images they have seen.
std::vector<at::Tensor> running_statistics(const model::Model& model) {
    std::vector<at::Tensor> statistics;
    for (const auto& item : model.named_buffers()) {
        const auto name = item.key().substr(item.key().rfind('.') + 1);
        if ((name == "running_mean" || name == "running_var") && item.value().defined()) {
            statistics.push_back(item.value());
        }
    }
    return statistics;
}

void require_loss(const at::Tensor& loss, const Stepper::Step& step) {
    require(loss.defined() && loss.numel() == 1 && at::isFloatingType(loss.scalar_type()),
            "the loss must be a single floating-point number, got {} at epoch {}, step {}",
            loss.defined() ? fmt::format("{} [{}]", dtype_name(loss.scalar_type()),
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
      group_(parallel::world()),
      batches_(data::number_of_batches(dataset.size(), options.batch_size, options.drop_last)),
      steps_((batches_ + options.accumulate - 1) / options.accumulate),
      objective_(options.objective ? options.objective : make_objective("cross_entropy")) {
    require_enough_images();
    require_known_norms();
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
    remember_momenta();
    if (options_.average) {
        average_.emplace(model_, *options_.average);
    }
    if (options_.keep_best) {
        best_.emplace(model_);
    }
    // A scripted network, or another loss, may leave weights without a gradient.
    const bool plain = model_.origin.has_value() && !options_.objective;
    gradients_.emplace(group_, parameters, parallel::GradientOptions{.find_unused = !plain});
    statistics_ = running_statistics(model_);
}

/// Does nothing unless the schedule changes the momentum.
void Stepper::remember_momenta() {
    if (!options_.schedule || !options_.schedule->momentum({})) {
        return;
    }
    for (const auto& group : optimizer_->groups()) {
        const auto& name = group.options.name;
        const auto place = optim::momentum_of(name);
        require(
            place != nullptr,
            "the schedule changes the momentum or Adam's beta1, but the optimizer {} has neither",
            name);
        momenta_.push_back(group.options.*place);
    }
}

void Stepper::require_enough_images() const {
    const auto ranks = group_.size();
    require(options_.batch_size >= ranks,
            "the batch size must be at least {} (the number of processes), got {}", ranks,
            options_.batch_size);
    const auto last = options_.drop_last ? 0 : dataset_.size() % options_.batch_size;
    require(last == 0 || last >= ranks,
            "the last batch of an epoch has {}, fewer than the {} processes; use drop_last or a "
            "different batch size",
            counted(last, "image"), ranks);
}

void Stepper::require_known_norms() const {
    if (!options_.synchronised_norms) {
        return;
    }
    for (const auto& item : model_.named_modules()) {
        const auto& module = item.value();
        const bool keeps = module->named_buffers(/*recurse=*/false).find("running_mean") != nullptr;
        require(!keeps || std::dynamic_pointer_cast<model::BatchNorm>(module) != nullptr,
                "BatchNorm can be synchronised only in built-in networks; the layer '{}' of this "
                "network is not a built-in BatchNorm",
                item.key());
    }
}

void Stepper::share_model() {
    parallel::share(group_, model_.parameters());
    parallel::share(group_, model_.buffers());
}

Stepper::~Stepper() {
    for (size_t i = 0; i < rates_.size(); ++i) {
        optimizer_->groups()[i].options = options_at_start(i);
    }
    optimizer_->zero_grad();
}

optim::OptimizerOptions Stepper::options_at_start(size_t i) const {
    auto options = optimizer_->groups()[i].options;
    options.lr = rates_[i];
    if (!momenta_.empty()) {
        options.*optim::momentum_of(options.name) = momenta_[i];
    }
    return options;
}

checkpoint::Json Stepper::describe_groups() const {
    auto all = checkpoint::Json::array();
    const auto named = model_.named_parameters();
    for (size_t i = 0; i < rates_.size(); ++i) {
        const auto& group = optimizer_->groups()[i];
        const auto settings = options_at_start(i);
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
    draw_for(step);
    step.lr = lr() * factor;
    for (size_t i = 0; i < rates_.size(); ++i) {
        optimizer_->groups()[i].options.lr = rates_[i] * factor;
    }
    set_momentum({step.number - 1, steps_, options_.epochs});
    return step;
}

void Stepper::set_momentum(const Moment& moment) {
    if (momenta_.empty()) {
        return;
    }
    const auto momentum = options_.schedule->momentum(moment);
    for (auto& group : optimizer_->groups()) {
        group.options.*optim::momentum_of(group.options.name) = momentum.value();
    }
}

/// For dropout, rank 0 draws the numbers that a single process would draw. The other ranks use
/// their own seeds, so that the generator of rank 0 is all that a checkpoint needs.
void Stepper::draw_for(const Step& step) const {
    if (group_.leads()) {
        return;
    }
    auto generator = at::globalContext().defaultGenerator(options_.device);
    const std::scoped_lock lock(generator.mutex());
    generator.set_current_seed(derive_seed(
        options_.seed, fmt::format("dropout rank {} step {}", group_.rank(), step.number)));
}

double Stepper::factor_of(const Step& step) const {
    const auto factor = options_.schedule
                            ? options_.schedule->factor({step.number - 1, steps_, options_.epochs})
                            : 1;
    require(std::isfinite(factor) && factor >= 0,
            "the schedule must return a finite non-negative factor; it returned {} at epoch {}, "
            "step {}",
            factor, step.epoch, step.number);
    return factor;
}

void Stepper::add_gradients(data::Loader& loader, Step& step, RunningLoss& losses) {
    std::vector<BatchLoss> parts;
    int64_t left = step.images;
    for (int64_t i = 0; i < step.batches; ++i) {
        const auto batch = *loader.next();
        const auto images = batch.samples.size(0);
        const bool last = i + 1 == step.batches;
        gradients_->before_forward(last);
        const auto loss = loss_of(prepare(batch, step));
        require_loss(loss.total, step);
        // The gradients are averaged over the processes, which may have different numbers of
        // images.
        const auto weight =
            static_cast<double>(images * group_.size()) / static_cast<double>(step.images);
        const auto part = weight != 1 ? loss.total * weight : loss.total;
        gradients_->before_backward(part, last);
        part.backward();
        require_gradient();
        const auto all_images = std::min(left, options_.batch_size);
        left -= all_images;
        parts.push_back({{loss.total.detach(), loss.terms}, images, all_images});
    }
    if (!options_.synchronised_norms) {
        parallel::average(group_, statistics_);
    }
    join(parts, step, losses);
}

void Stepper::join(std::vector<BatchLoss>& parts, Step& step, RunningLoss& losses) const {
    join_losses(group_, parts);
    for (const auto& [loss, images, all_images] : parts) {
        const auto weight = static_cast<double>(images) / static_cast<double>(step.images);
        const auto part = step.batches > 1 ? loss.total * weight : loss.total;
        step.loss = step.loss.defined() ? step.loss + part : part;
        losses.add(loss.total, images, loss.terms);
    }
}

Loss Stepper::loss_of(const TrainingBatch& batch) const {
    const model::AutocastScope autocast(options_.device.type(), options_.bfloat16);
    const model::SynchronisedNorms norms(group_, options_.synchronised_norms);
    return objective_->loss(model_, batch);
}

/// Moves a batch to the device and applies the transforms.
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

/// The loss may depend on tensors other than the model's.
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
    // Reading the value would wait for the GPU; on a GPU, the next loss shows the problem.
    require(!total.is_cpu() || std::isfinite(total.item<double>()),
            "the norm of the gradients is {} at epoch {}, step {}", total.item<double>(),
            step.epoch, step.number);
    optim::scale_to_norm(gradients, *options_.clip_norm, total);
}

}  // namespace hfc::train
