// APGD (Croce and Hein 2020): ascends along the gradient with momentum. The step is halved at
// checkpoints if the loss has not risen often enough.
#include "attack/losses.h"
#include "attack/method.h"
#include "attack/random_start.h"

#include <ATen/ATen.h>

#include <algorithm>

namespace hfc::attack {
namespace {

constexpr double forward_weight = 0.75;  ///< the weight of the new step; the momentum has the rest

/// The distances between checkpoints, as fractions of all steps.
constexpr double first_interval = 0.22;
constexpr double least_interval = 0.06;
constexpr double shrinkage = 0.03;

int64_t steps_of(double fraction, int64_t steps) {
    return std::max<int64_t>(1, static_cast<int64_t>(fraction * static_cast<double>(steps)));
}

/// Scales perturbations or gradients to size 1 in the given norm.
at::Tensor normalized(const at::Tensor& images, Norm norm) {
    if (norm == Norm::l_infinity) {
        return images / (images.abs().amax({1, 2, 3}, /*keepdim=*/true) + least_size);
    }
    // In float64, because the gradient of DLR is huge if logits are nearly equal.
    const auto exact = images.to(at::kDouble);
    return (exact / (l2_norm(exact) + least_size)).to(images.scalar_type());
}

class Apgd : public Attack {
  public:
    explicit Apgd(const Settings& settings)
        : Attack(settings), interval_(steps_of(first_interval, settings.steps)) {}

    void begin(const AttackedNetwork& network, const AttackBatch& batch) override {
        Attack::begin(network, batch);
        if (settings().targets > 0) {
            targets_ = likely_wrong_class(network.logits(batch.images), batch.labels,
                                          settings().rank_of(batch.restart));
        }
        step_ = 2 * constraint().float_epsilons();
        previous_ = images();
        const auto zeros = at::zeros({batch.images.size(0)}, batch.images.options());
        last_loss_ = zeros;
        rises_ = zeros;
        halved_ = at::ones_like(zeros, at::kBool);
        last_wrong_ = constraint().images();
    }

    void advance(Evaluation& here) override {
        note_wrong(here);
        auto gradient = gradient_at(here);
        const auto first = !best_loss_.defined();
        if (first) {
            best_ = images();
            best_gradient_ = gradient;
            best_loss_ = loss_;
            best_at_check_ = loss_;
        } else {
            note_loss(gradient);
            check(gradient);
        }
        move(gradient, first ? 1.0 : forward_weight);
    }

    bool sees_last() const override { return true; }
    void finish(Evaluation& here) override { note_wrong(here); }
    const at::Tensor& result() const override { return last_wrong_; }

  protected:
    at::Tensor random_start(const AttackBatch& batch) const override {
        const auto random = random_perturbation(batch.images, samples(), settings(), restart());
        return constraint().float_epsilons() * normalized(random, settings().norm);
    }

    std::vector<at::Tensor*> per_image() override {
        return {&targets_,   &step_, &previous_, &last_loss_,     &rises_,      &halved_,
                &best_loss_, &best_, &loss_,     &best_gradient_, &last_wrong_, &best_at_check_};
    }

  private:
    void note_wrong(Evaluation& here) {
        last_wrong_ = at::where(beside_images(here.fooled()), images(), last_wrong_);
    }

    /// The gradient averaged over the passes; loss_ is the loss of the last pass.
    at::Tensor gradient_at(Evaluation& here) {
        const auto losses = [&](const at::Tensor& logits) {
            const auto values = targets_.defined() ? targeted_losses(settings().loss, logits,
                                                                     here.labels(), targets_)
                                                   : here.network().losses(logits, here.labels());
            loss_ = values.detach();
            return values;
        };
        auto sum = here.gradient_of(losses);
        const auto passes = static_cast<int64_t>(settings().number("passes"));
        for (int64_t i = 1; i < passes; ++i) {
            Evaluation again(here.network(), images(), here.labels());
            sum = sum + again.gradient_of(losses);
        }
        return constraint().confine_gradient(sum / static_cast<double>(passes));
    }

    void note_loss(const at::Tensor& gradient) {
        rises_ = rises_ + loss_.gt(last_loss_);
        last_loss_ = loss_;
        const auto better = loss_.gt(best_loss_);
        best_ = at::where(beside_images(better), images(), best_);
        best_gradient_ = at::where(beside_images(better), gradient, best_gradient_);
        best_loss_ = at::where(better, loss_, best_loss_);
        ++since_check_;
    }

    /// At a checkpoint, images whose step is halved continue from their best point.
    void check(at::Tensor& gradient) {
        if (since_check_ < interval_) {
            return;
        }
        const double enough = settings().number("rho") * static_cast<double>(interval_);
        const auto stuck = halved_.logical_not().logical_and(best_at_check_.ge(best_loss_));
        halved_ = rises_.le(enough).logical_or(stuck);
        best_at_check_ = best_loss_;
        const auto halved = beside_images(halved_);
        step_ = at::where(halved, step_ / 2, step_);
        here_ = at::where(halved, best_, images());
        gradient = at::where(halved, best_gradient_, gradient);
        rises_ = at::zeros_like(rises_);
        since_check_ = 0;
        interval_ = std::max(interval_ - steps_of(shrinkage, settings().steps),
                             steps_of(least_interval, settings().steps));
    }

    void move(const at::Tensor& gradient, double weight) {
        const auto from = here_.defined() ? here_ : images();
        here_ = at::Tensor();
        const bool sign = settings().norm == Norm::l_infinity;
        const auto along = sign ? gradient.sign() : normalized(gradient, settings().norm);
        const auto momentum = from - previous_;
        const auto forward = constraint().project(from + step_ * along);
        previous_ = from;
        move_to(from + (forward - from) * weight + momentum * (1 - weight));
    }

    int64_t interval_;
    int64_t since_check_ = 0;
    at::Tensor targets_;    ///< int64 [N], or undefined
    at::Tensor step_;       ///< [N, 1, 1, 1]
    at::Tensor previous_;   ///< the images before the last step
    at::Tensor here_;       ///< inside advance(): where the next step starts, if not at images()
    at::Tensor loss_;       ///< at images()
    at::Tensor last_loss_;  ///< the loss before that; 0 at first, as in the published code
    at::Tensor rises_;      ///< how often the loss has risen since the last checkpoint
    at::Tensor halved_;     ///< bool: whether the step was halved at the last checkpoint
    at::Tensor best_;       ///< the images with the largest loss
    at::Tensor best_gradient_;  ///< the gradient at best_
    at::Tensor best_loss_;
    at::Tensor best_at_check_;  ///< best_loss_ at the last checkpoint
    at::Tensor last_wrong_;     ///< the last misclassified images, otherwise the clean ones
};

}  // namespace

std::vector<Method> apgd_methods() {
    Method apgd;
    apgd.name = "apgd";
    apgd.either_norm = true;
    apgd.steps = 100;
    apgd.takes_alpha = false;
    apgd.random_start = true;
    apgd.numbers = {{.name = "targets", .whole = true},
                    {.name = "rho", .standard = 0.75, .highest = 1, .above = true},
                    {.name = "passes", .standard = 1, .lowest = 1, .whole = true}};
    apgd.make = make_attack<Apgd>;
    return {apgd};
}

}  // namespace hfc::attack
