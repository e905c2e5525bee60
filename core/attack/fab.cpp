// FAB (Croce and Hein 2020): walks along the decision boundary towards the image, and finds
// perturbations with a small norm.
#include "attack/losses.h"
#include "attack/method.h"
#include "attack/plane.h"
#include "attack/random_start.h"

#include <ATen/ATen.h>

#include <limits>

namespace hfc::attack {
namespace {

constexpr double least_move = 1e-8;

class Fab : public Attack {
  public:
    using Attack::Attack;

    void begin(const AttackedNetwork& network, const AttackBatch& batch) override {
        Attack::begin(network, batch);
        if (settings().targets > 0) {
            targets_ = likely_wrong_class(network.logits(batch.images), batch.labels,
                                          settings().rank_of(batch.restart));
        }
        if (batch.restart % settings().restarts > 0) {
            place(at::clamp(batch.images + start(batch), settings().range.lowest,
                            settings().range.highest));
        }
        nearest_ = batch.images;
        distance_ = at::full({batch.images.size(0)}, std::numeric_limits<double>::infinity(),
                             constraint().epsilons().options());
    }

    void advance(Evaluation& here) override {
        const auto wrong = moved_ ? note(here) : at::Tensor();
        moved_ = true;
        if (!wrong.defined() || !wrong.any().item<bool>()) {
            step(here);
            return;
        }
        const auto& x = constraint().images();
        const auto back = x + (images() - x) * settings().number("beta");
        place(at::where(beside_images(wrong), back, images()));
        Evaluation nearer(here.network(), images(), here.labels());
        step(nearer);
    }

    at::Tensor fooled(Evaluation& here) override { return fooled_within_epsilon(here); }

    bool sees_last() const override { return true; }
    void finish(Evaluation& here) override {
        note(here);
        nearest_ = chosen_or_clean(distance_.le(constraint().epsilons()), nearest_);
    }
    const at::Tensor& result() const override { return nearest_; }

  protected:
    std::vector<at::Tensor*> per_image() override { return {&targets_, &nearest_, &distance_}; }

  private:
    /// A random perturbation whose norm is epsilon / 2.
    at::Tensor start(const AttackBatch& batch) const {
        const auto random = random_perturbation(batch.images, samples(), settings(), restart());
        const auto length = settings().norm == Norm::l2
                                ? l2_norm(random)
                                : random.abs().amax({1, 2, 3}, /*keepdim=*/true);
        return random / (length + least_size) * constraint().float_epsilons() / 2;
    }

    /// Keeps misclassified images that are nearer than all earlier ones. Returns which images are
    /// misclassified.
    at::Tensor note(Evaluation& here) {
        const auto wrong = here.fooled();
        const auto now = distances();
        const auto nearer = wrong.logical_and(now.lt(distance_));
        nearest_ = at::where(beside_images(nearer), images(), nearest_);
        distance_ = at::where(nearer, now, distance_);
        return wrong;
    }

    /// The linearised plane on which a class is as likely as the label: normals [N, D] and the
    /// difference of the logits [N], float64.
    std::pair<at::Tensor, at::Tensor> nearest_plane(Evaluation& here) const {
        if (targets_.defined()) {
            at::Tensor gap;
            const auto normals = here.gradient_of([&](const at::Tensor& logits) {
                const auto loss = targeted_losses(Loss::margin, logits, here.labels(), targets_);
                gap = loss.detach();
                return loss;
            });
            return {normals.flatten(1).to(at::kDouble), gap.to(at::kDouble)};
        }
        const auto logits = here.logits().to(at::kDouble);
        const auto label = here.labels().unsqueeze(1);
        const auto gradients = here.class_gradients().flatten(2).to(at::kDouble);
        const auto row = label.unsqueeze(2).expand({-1, 1, gradients.size(2)});
        const auto normals = gradients - gradients.gather(1, row);
        const auto gaps = logits - logits.gather(1, label);
        const auto lengths =
            settings().norm == Norm::l2 ? normals.norm(2, {2}, false) : normals.abs().sum(2);
        const auto distances = (gaps.abs() / (lengths + least_size))
                                   .scatter(1, label, std::numeric_limits<double>::infinity());
        const auto nearest = distances.argmin(1, /*keepdim=*/true);
        const auto chosen = nearest.unsqueeze(2).expand({-1, 1, gradients.size(2)});
        return {normals.gather(1, chosen).squeeze(1), gaps.gather(1, nearest).squeeze(1)};
    }

    void step(Evaluation& here) {
        const auto plane = nearest_plane(here);
        const auto& normals = plane.first;
        const auto& gaps = plane.second;
        const auto flat = [](const at::Tensor& images) {
            return images.contiguous().flatten(1).to(at::kDouble);
        };
        const auto here_flat = flat(images());
        const auto x = flat(constraint().images());
        const auto offsets = (normals * here_flat).sum(1) - gaps;
        const auto& range = settings().range;
        const auto move = [&](const at::Tensor& from) {
            return move_to_plane(from, normals, offsets, settings().norm, range);
        };
        const auto length = [&](const at::Tensor& moves) {
            const auto sizes = settings().norm == Norm::l2 ? moves.norm(2, {1}, true)
                                                           : moves.abs().amax({1}, true);
            return sizes.clamp_min(least_move);
        };
        const auto from_here = move(here_flat);
        const auto from_x = move(x);
        const auto own = length(from_here);
        const auto weight =
            (own / (own + length(from_x))).clamp_max(settings().number("alpha_max"));
        const double eta = settings().number("eta");
        const auto next =
            (here_flat + eta * from_here) * (1 - weight) + (x + eta * from_x) * weight;
        place(next.clamp(range.lowest, range.highest)
                  .to(at::kFloat)
                  .view(images().sizes())
                  .contiguous(images().suggest_memory_format()));
    }

    bool moved_ = false;
    at::Tensor targets_;   ///< int64 [N], or undefined
    at::Tensor nearest_;   ///< misclassified images, otherwise the clean ones
    at::Tensor distance_;  ///< the distance of nearest_, float64 [N]
};

}  // namespace

std::vector<Method> fab_methods() {
    Method fab;
    fab.name = "fab";
    fab.either_norm = true;
    fab.steps = 100;
    fab.takes_alpha = false;
    fab.takes_band = false;
    fab.takes_targeted = false;
    fab.draws = true;
    fab.least_norm = true;
    fab.numbers = {{.name = "targets", .whole = true},
                   {.name = "alpha_max", .standard = 0.1, .highest = 1, .above = true},
                   {.name = "eta", .standard = 1.05, .lowest = 1},
                   {.name = "beta", .standard = 0.9, .highest = 1, .above = true}};
    fab.make = make_attack<Fab>;
    return {fab};
}

}  // namespace hfc::attack
