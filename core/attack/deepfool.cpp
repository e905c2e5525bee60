// DeepFool (Moosavi-Dezfooli et al. 2016): takes steps to the nearest boundary of the linearised
// network until the image is on the other side.
#include "attack/method.h"
#include "base/error.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <limits>

namespace hfc::attack {
namespace {

/// The values from foolbox. They prevent division by a zero gradient and steps that end short of
/// the boundary.
constexpr double least_length = 1e-8;
constexpr double least_step = 1e-4;

class DeepFool : public Attack {
  public:
    using Attack::Attack;

    void begin(const AttackedNetwork& network, const AttackBatch& batch) override {
        Attack::begin(network, batch);
        const auto logits = network.logits(batch.images);
        const auto candidates = static_cast<int64_t>(settings().number("candidates"));
        const auto count = std::min(candidates, logits.size(1)) - 1;
        require(count >= 1, "deepfool requires a network with at least two classes");
        const auto label = batch.labels.unsqueeze(1);
        const auto others = logits.scatter(1, label, -std::numeric_limits<double>::infinity());
        classes_ = at::cat({label, std::get<1>(others.topk(count, 1))}, 1);
        moved_ = at::zeros_like(batch.images);
    }

    void advance(Evaluation& here) override {
        const auto wrong = here.fooled();
        if (wrong.all().item<bool>()) {
            return;
        }
        moved_ = moved_ + step(here).to(at::kFloat).view(moved_.sizes());
        const auto& range = settings().range;
        const auto next = (constraint().images() + (1 + settings().number("overshoot")) * moved_)
                              .clamp(range.lowest, range.highest);
        place(at::where(beside_images(wrong), images(), next)
                  .contiguous(images().suggest_memory_format()));
    }

    at::Tensor fooled(Evaluation& here) override { return fooled_within_epsilon(here); }

    bool sees_last() const override { return true; }
    void finish(Evaluation& here) override { result_ = chosen_or_clean(fooled(here), images()); }
    const at::Tensor& result() const override { return result_; }

  protected:
    std::vector<at::Tensor*> per_image() override { return {&classes_, &moved_, &result_}; }

  private:
    /// The step from images() to the nearest boundary between the label and a candidate, float64
    /// [N, D].
    at::Tensor step(Evaluation& here) const {
        const auto logits = here.logits().to(at::kDouble).gather(1, classes_);
        const auto gradients = here.class_gradients(classes_).flatten(2).to(at::kDouble);
        const auto normals = gradients.slice(1, 1) - gradients.slice(1, 0, 1);
        const auto gaps = logits.slice(1, 1) - logits.slice(1, 0, 1);
        const bool l2 = settings().norm == Norm::l2;
        const auto lengths =
            (l2 ? normals.norm(2, {2}, false) : normals.abs().sum(2)) + least_length;
        const auto distances = gaps.abs() / lengths;
        const auto nearest = distances.argmin(1, /*keepdim=*/true);
        const auto row = nearest.unsqueeze(2).expand({-1, 1, normals.size(2)});
        const auto normal = normals.gather(1, row).squeeze(1);
        const auto distance = distances.gather(1, nearest) + least_step;
        return l2 ? distance / lengths.gather(1, nearest) * normal : distance * normal.sign();
    }

    at::Tensor classes_;  ///< int64 [N, candidates]: the label, then the most likely other classes
    at::Tensor moved_;    ///< the sum of the steps, before the overshoot
    at::Tensor result_;   ///< the misclassified images within epsilon, otherwise the clean ones
};

}  // namespace

std::vector<Method> deepfool_methods() {
    Method deepfool;
    deepfool.name = "deepfool";
    deepfool.norm = Norm::l2;
    deepfool.either_norm = true;
    deepfool.epsilon = any_size;
    deepfool.steps = 50;
    deepfool.takes_alpha = false;
    deepfool.takes_band = false;
    deepfool.takes_targeted = false;
    deepfool.least_norm = true;
    deepfool.numbers = {{.name = "overshoot", .standard = 0.02},
                        {.name = "candidates", .standard = 10, .lowest = 2, .whole = true}};
    deepfool.make = make_attack<DeepFool>;
    return {deepfool};
}

}  // namespace hfc::attack
