// FGSM, FFGSM, BIM, MI-FGSM and PGD. Each iteration is one step in a direction derived from the
// gradient.
#include "attack/method.h"

#include <ATen/ATen.h>

#include <limits>

namespace hfc::attack {
namespace {

/// As in PGDL2 of torchattacks; prevents the division of a zero gradient by zero.
constexpr double least_norm = 1e-10;

class GradientStep : public Attack {
  public:
    using Attack::Attack;

    void begin(const AttackedNetwork& network, const AttackBatch& batch) override {
        Attack::begin(network, batch);
        const auto alphas = settings().alpha_relative
                                ? batch.epsilons * settings().alpha_fraction
                                : at::full({batch.images.size(0)}, settings().alpha, at::kDouble);
        alphas_ = beside_images(alphas.to(batch.images.device(), at::kFloat));
    }

    void advance(Evaluation& here) override {
        const auto along = direction(constraint().confine_gradient(here.gradient()));
        move_to(images() + alphas_ * along);
    }

  protected:
    std::vector<at::Tensor*> per_image() override { return {&alphas_}; }

    virtual at::Tensor direction(const at::Tensor& gradient) = 0;

  private:
    at::Tensor alphas_;  ///< float32 [N, 1, 1, 1]
};

/// FGSM, FFGSM, BIM and PGD.
class SignStep : public GradientStep {
  public:
    using GradientStep::GradientStep;

  protected:
    at::Tensor direction(const at::Tensor& gradient) override { return gradient.sign(); }
};

/// PGD in L2.
class NormalizedStep : public GradientStep {
  public:
    using GradientStep::GradientStep;

  protected:
    at::Tensor direction(const at::Tensor& gradient) override {
        return gradient / (l2_norm(gradient) + least_norm);
    }
};

/// MI-FGSM.
class MomentumStep : public GradientStep {
  public:
    using GradientStep::GradientStep;

  protected:
    std::vector<at::Tensor*> per_image() override {
        auto all = GradientStep::per_image();
        all.push_back(&momentum_);
        return all;
    }

    at::Tensor direction(const at::Tensor& gradient) override {
        // A gradient of zeros adds nothing here; torchattacks divides zero by zero.
        const auto along = gradient / gradient.abs()
                                          .mean({1, 2, 3}, /*keepdim=*/true)
                                          .clamp_min(std::numeric_limits<float>::min());
        momentum_ = momentum_.defined() ? along + momentum_ * settings().number("decay") : along;
        return momentum_.sign();
    }

  private:
    at::Tensor momentum_;
};

template <typename Step>
Method method(const char* name) {
    Method method;
    method.name = name;
    method.gradient_first = true;
    method.make = make_attack<Step>;
    return method;
}

}  // namespace

std::vector<Method> gradient_methods() {
    auto fgsm = method<SignStep>("fgsm");
    fgsm.steps = 1;
    fgsm.iterates = false;
    fgsm.takes_alpha = false;
    fgsm.alpha = fgsm.epsilon;
    auto ffgsm = method<SignStep>("ffgsm");
    ffgsm.steps = 1;
    ffgsm.iterates = false;
    ffgsm.alpha = 1.25 * ffgsm.epsilon;
    ffgsm.random_start = true;
    auto mifgsm = method<MomentumStep>("mifgsm");
    mifgsm.numbers = {{.name = "decay", .standard = 1, .lowest = 0}};
    auto pgd = method<SignStep>("pgd");
    pgd.random_start = true;
    auto pgdl2 = method<NormalizedStep>("pgdl2");
    pgdl2.norm = Norm::l2;
    pgdl2.epsilon = 1;
    pgdl2.alpha = 0.2;
    pgdl2.random_start = true;
    return {fgsm, method<SignStep>("bim"), mifgsm, pgd, pgdl2, ffgsm};
}

}  // namespace hfc::attack
