// Carlini and Wagner 2017, L2: Adam minimises the squared size of the perturbation plus c times the
// distance of the image from being misclassified. Successive searches look for the smallest c that
// works.
#include "attack/losses.h"
#include "attack/method.h"
#include "base/error.h"

#include <ATen/ATen.h>

#include <cmath>
#include <limits>

namespace hfc::attack {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr double contraction = 0.999999;  ///< keeps the arc tangent of a border pixel finite
constexpr double beta1 = 0.9;             ///< of Adam
constexpr double beta2 = 0.999;
constexpr double adam_epsilon = 1e-8;
/// A search ends early if a tenth of its steps leaves the loss above this fraction of its previous
/// value.
constexpr double progress = 0.9999;

/// Each image has its own searches: if one of them ends early, only that image starts its next
/// search.
class CarliniWagner : public Attack {
  public:
    using Attack::Attack;

    void begin(const AttackedNetwork& network, const AttackBatch& batch) override {
        Attack::begin(network, batch);
        const auto& range = settings().range;
        require(std::isfinite(range.lowest) && std::isfinite(range.highest),
                "cw requires a finite pixel range");
        middle_ = (range.highest + range.lowest) / 2;
        half_ = (range.highest - range.lowest) / 2;
        origin_ = at::atanh((batch.images - middle_) / half_ * contraction);
        squashed_ = at::tanh(origin_);
        rounded_ = to_pixels(squashed_);
        offset_ = at::zeros_like(origin_);
        mean_ = at::zeros_like(origin_);
        square_ = at::zeros_like(origin_);
        nearest_ = batch.images;
        const auto n = batch.images.size(0);
        const auto options = constraint().epsilons().options();
        best_ = at::full({n}, infinity, options);
        c_ = at::full({n}, settings().number("first_c"), options);
        lower_ = at::zeros({n}, options);
        upper_ = at::full({n}, infinity, options);
        previous_ = at::full({n}, infinity, options);
        step_ = at::zeros({n}, options);
        searches_ = at::zeros({n}, options);
        found_ = at::zeros({n}, options.dtype(at::kBool));
        place(rounded_);
    }

    int64_t iterations() const override { return settings().steps * searches(); }

    void advance(Evaluation& here) override {
        const auto active = searches_.lt(searches());
        if (!active.any().item<bool>()) {
            return;
        }
        const auto gap = gaps(here.logits().to(at::kDouble), here.labels());
        const auto stuck = is_stuck(gap).logical_and(active);
        note(gap.lt(0).logical_and(active).logical_and(stuck.logical_not()));
        adam(gradient(here));
        step_ = step_ + 1;
        begin_next(active.logical_and(stuck.logical_or(step_.ge(settings().steps))));
        squashed_ = at::tanh(origin_ + offset_);
        place(at::where(beside_images(active), to_pixels(squashed_), images())
                  .contiguous(images().suggest_memory_format()));
    }

    at::Tensor fooled(Evaluation& here) override { return fooled_within_epsilon(here); }

    bool sees_last() const override { return true; }
    void finish(Evaluation&) override {
        nearest_ = chosen_or_clean(best_.le(constraint().epsilons()), nearest_);
    }
    const at::Tensor& result() const override { return nearest_; }

  protected:
    std::vector<at::Tensor*> per_image() override {
        return {&origin_, &squashed_, &rounded_, &offset_,   &mean_, &square_,   &nearest_, &best_,
                &c_,      &lower_,    &upper_,   &previous_, &step_, &searches_, &found_};
    }

  private:
    int64_t searches() const { return static_cast<int64_t>(settings().number("searches")); }
    at::Tensor to_pixels(const at::Tensor& squashed) const { return squashed * half_ + middle_; }

    /// How far each image is from success with the required confidence; below 0, the attack
    /// succeeds.
    at::Tensor gaps(const at::Tensor& logits, const at::Tensor& labels) const {
        const auto margin = untargeted_losses(Loss::margin, logits, labels);
        return (settings().targeted ? margin : -margin) + settings().number("confidence");
    }

    /// Checks the loss ten times per search.
    at::Tensor is_stuck(const at::Tensor& gap) {
        const auto squared = (images() - rounded_).to(at::kDouble).square().sum({1, 2, 3});
        const auto loss = squared + c_ * gap.clamp_min(0);
        const auto looks = step_.remainder((settings().steps + 9) / 10).eq(0);
        const auto stuck = looks.logical_and(loss.le(progress * previous_).logical_not());
        previous_ = at::where(looks, loss, previous_);
        return stuck;
    }

    /// Keeps the nearest successful image found so far.
    void note(const at::Tensor& successes) {
        const auto now = distances();
        const auto nearer = successes.logical_and(now.lt(best_));
        nearest_ = at::where(beside_images(nearer), images(), nearest_);
        best_ = at::where(nearer, now, best_);
        found_ = found_.logical_or(successes);
    }

    /// The gradient of the loss with respect to offset_.
    at::Tensor gradient(Evaluation& here) const {
        const auto by_pixel = here.gradient_of([&](const at::Tensor& logits) {
            return gaps(logits, here.labels()).clamp_min(0) * c_.to(logits.scalar_type());
        });
        const auto slope = half_ * (1 - squashed_.square());
        return (by_pixel + 2 * (images() - rounded_)) * slope;
    }

    void adam(const at::Tensor& gradient) {
        mean_ = beta1 * mean_ + (1 - beta1) * gradient;
        square_ = beta2 * square_ + (1 - beta2) * gradient.square();
        const auto correction = [&](double beta) {
            return beside_images((1 - at::pow(beta, step_ + 1)).to(at::kFloat));
        };
        offset_ = offset_ - settings().number("lr") * (mean_ / correction(beta1)) /
                                ((square_ / correction(beta2)).sqrt() + adam_epsilon);
    }

    /// Starts the next search for each image whose search has ended. Multiplies c by ten until a
    /// search succeeds, then uses bisection.
    void begin_next(const at::Tensor& ended) {
        if (!ended.any().item<bool>()) {
            return;
        }
        upper_ = at::where(ended.logical_and(found_), c_, upper_);
        lower_ = at::where(ended.logical_and(found_.logical_not()), c_, lower_);
        const auto next = at::where(upper_.isinf(), c_ * 10, (lower_ + upper_) / 2);
        c_ = at::where(ended, next, c_);
        searches_ = searches_ + ended;
        step_ = step_.masked_fill(ended, 0);
        previous_ = previous_.masked_fill(ended, infinity);
        found_ = found_.logical_and(ended.logical_not());
        for (auto* const tensor : {&offset_, &mean_, &square_}) {
            *tensor = tensor->masked_fill(beside_images(ended), 0);
        }
    }

    double middle_ = 0, half_ = 1;  ///< centre and half width of the pixel range
    at::Tensor origin_;             ///< the images as arc tangents
    at::Tensor squashed_;           ///< tanh(origin_ + offset_), for the images and the gradient
    at::Tensor rounded_;            ///< the images recomputed from origin_
    at::Tensor offset_;             ///< the variable that Adam optimises
    at::Tensor mean_, square_;      ///< the moments of Adam
    at::Tensor nearest_;            ///< images that succeed, otherwise the clean ones
    at::Tensor best_;               ///< the size of their perturbation, float64 [N]
    at::Tensor c_, lower_, upper_;  ///< of the search, float64 [N]
    at::Tensor previous_;           ///< the loss at the last check, float64 [N]
    at::Tensor step_;               ///< the step within this search, float64 [N]
    at::Tensor searches_;           ///< the number of searches that have ended, float64 [N]
    at::Tensor found_;              ///< whether this search has succeeded, bool [N]
};

}  // namespace

std::vector<Method> carlini_wagner_methods() {
    Method cw;
    cw.name = "cw";
    cw.norm = Norm::l2;
    cw.epsilon = any_size;
    cw.steps = 10000;
    cw.takes_alpha = false;
    cw.takes_band = false;
    cw.least_norm = true;
    cw.numbers = {{.name = "searches", .standard = 9, .lowest = 1, .whole = true},
                  {.name = "lr", .standard = 0.01, .above = true},
                  {.name = "first_c", .standard = 1e-3, .above = true},
                  {.name = "confidence"}};
    cw.make = make_attack<CarliniWagner>;
    return {cw};
}

}  // namespace hfc::attack
