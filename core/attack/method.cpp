#include "attack/method.h"

#include "attack/random_start.h"
#include "base/error.h"

#include <ATen/ATen.h>

#include <algorithm>

namespace hfc::attack {
namespace {

using Table = std::vector<std::shared_ptr<const Method>>;

/// One entry for each file that defines attacks.
Table built_in() {
    Table all;
    for (const auto& methods : {gradient_methods(), apgd_methods(), square_methods(), fab_methods(),
                                deepfool_methods(), carlini_wagner_methods()}) {
        std::ranges::transform(methods, std::back_inserter(all), [](const Method& method) {
            return std::make_shared<const Method>(method);
        });
    }
    return all;
}

Table& table() {
    static Table all = built_in();
    return all;
}

}  // namespace

std::vector<std::string> known_methods() {
    std::vector<std::string> names;
    std::ranges::transform(table(), std::back_inserter(names),
                           [](const auto& method) { return method->name; });
    return names;
}

void register_method(Method method) {
    require(std::ranges::count(known_methods(), method.name) == 0,
            "there is already an attack named '{}'", method.name);
    require(method.make != nullptr, "the attack '{}' has no make function", method.name);
    table().push_back(std::make_shared<const Method>(std::move(method)));
}

std::shared_ptr<const Method> find_method(const std::string& name) {
    const auto found =
        std::ranges::find(table(), name, [](const auto& method) { return method->name; });
    require(found != table().end(), "unknown method '{}'{}; the methods are {}", name,
            did_you_mean(name, known_methods()), fmt::join(known_methods(), ", "));
    return *found;
}

void Attack::begin(const AttackedNetwork&, const AttackBatch& batch) {
    constraint_.emplace(settings_, batch.images, batch.epsilons);
    samples_ = batch.samples;
    restart_ = batch.restart;
    current_ = batch.images;
    if (batch.start.defined()) {
        move_to(batch.images + batch.start);
    } else if (settings_.random_start) {
        move_to(batch.images + random_start(batch));
    }
}

at::Tensor Attack::random_start(const AttackBatch& batch) const {
    return constraint_->float_epsilons() *
           random_perturbation(batch.images, samples_, settings_, restart_);
}

at::Tensor Attack::distances() const {
    return sizes_of(current_, constraint_->images(), settings_.norm);
}

at::Tensor Attack::fooled_within_epsilon(Evaluation& here) const {
    return here.fooled().logical_and(distances().le(constraint_->epsilons()));
}

at::Tensor Attack::chosen_or_clean(const at::Tensor& chosen, const at::Tensor& images) const {
    return at::where(beside_images(chosen), images, constraint_->images());
}

void Attack::keep(const at::Tensor& rows) {
    constraint_->keep(rows);
    auto tensors = per_image();
    tensors.push_back(&current_);
    for (auto* tensor : tensors) {
        if (tensor->defined()) {
            *tensor = tensor->index_select(0, rows);
        }
    }
    samples_ = samples_.index_select(0, rows.to(samples_.device()));
    // Selecting rows keeps the memory layout on the CPU, but not on every device. Passes in a
    // different layout are slower.
    current_ = current_.contiguous(constraint_->images().suggest_memory_format());
}

}  // namespace hfc::attack
