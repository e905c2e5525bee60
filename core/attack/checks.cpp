#include "attack/checks.h"

#include "attack/losses.h"
#include "attack/method.h"
#include "attack/random_start.h"
#include "base/interrupt.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <ATen/record_function.h>

#include <algorithm>
#include <memory>
#include <optional>

namespace hfc::attack {
namespace {

constexpr int64_t images_seen = 100;
constexpr int64_t passes = 5;
constexpr double most_difference = 1e-4;  ///< between normalised logits of two passes
constexpr double probability_error = 1e-5;
/// With cross-entropy, the gradient is also zero for images that the network is certain about.
constexpr double most_saturated = 0.5;
constexpr double most_gained = 0.02;  ///< by steps that should make no difference
constexpr double most_black_box = 0.002;
constexpr int64_t random_points = 100;
/// A run has not converged for an image if the best loss rose in the last steps by more than this
/// fraction of its total rise.
constexpr double last_steps = 0.05;
constexpr double least_rise = 0.01;
constexpr double most_rising = 0.2;  ///< fraction of such images
constexpr int64_t least_steps = 20;  ///< of a run that is checked
constexpr double never = 0;          ///< the limit for what should not happen at all

/// Whether this thread computes a gradient while the watch exists.
class GradientWatch {
  public:
    GradientWatch()
        : handle_(at::addThreadLocalCallback(
              at::RecordFunctionCallback(&note).scopes({at::RecordScope::BACKWARD_FUNCTION}))) {
        seen() = false;
    }
    ~GradientWatch() { at::removeCallback(handle_); }
    GradientWatch(const GradientWatch&) = delete;
    GradientWatch& operator=(const GradientWatch&) = delete;

    bool saw_one() const { return seen(); }

  private:
    static bool& seen() {
        static thread_local bool value = false;
        return value;
    }
    static std::unique_ptr<at::ObserverContext> note(const at::RecordFunction&) {
        seen() = true;
        return nullptr;
    }

    at::CallbackHandle handle_;
};

AttackOptions attack_like(const AttackOptions& options, const char* method,
                          std::optional<double> epsilon) {
    AttackOptions attack;
    attack.method = method;
    attack.epsilon = epsilon;
    attack.norm = options.norm;
    attack.range = options.range;
    attack.seed = options.seed;
    return attack;
}

/// A network and all images of a data set on the network's device.
struct Seen {
    Seen(model::Model& model, const data::Dataset& dataset, const Settings& settings,
         const model::Inference::Options& inference)
        : network(model, settings, inference), batch(dataset.batch(0, dataset.size())) {
        network.begin(dataset);
        images = network.bring(batch.images);
        labels = batch.labels.to(network.device());
    }

    AttackedNetwork network;
    data::Batch batch;
    at::Tensor images;
    at::Tensor labels;
};

class NetworkChecks {
  public:
    NetworkChecks(model::Model& model, const data::Dataset& dataset, const AttackOptions& options,
                  const RobustOptions& robust)
        : model_(model),
          dataset_(dataset.slice(0, std::min(images_seen, dataset.size()))),
          options_(options),
          robust_(robust) {
        robust_.after_batch = {};
        robust_.before_step = {};
        robust_.after_step = {};
    }

    std::vector<Check> run() {
        look_at_outputs();
        look_at_gradients();
        compare_attacks();
        compare_epsilons();
        look_at_convergence();
        note("batch statistics",
             robust_.inference.statistics.kind == model::Statistics::Kind::batch, never,
             "BatchNorm uses the statistics of each batch, so the images in a batch affect one "
             "another's results");
        return std::move(checks_);
    }

  private:
    void note(const char* name, double value, double limit, std::string text) {
        checks_.push_back({name, std::move(text), value, limit});
    }

    Seen see(const Settings& settings) const {
        return Seen(model_, dataset_, settings, robust_.inference);
    }

    void look_at_outputs() {
        Settings settings;
        settings.range = options_.range;
        const auto seen = see(settings);
        const GradientWatch watch;
        std::vector<at::Tensor> outputs;
        for (int64_t i = 0; i < passes; ++i) {
            const auto logits = seen.network.logits(seen.images);
            outputs.push_back(logits / (logits.norm(2, {1}, true) + 1e-10));
        }
        note("gradients inside", watch.saw_one(), never,
             "the network computes gradients in its forward pass, and an attack may be unable to "
             "differentiate through them");
        const auto all = at::stack(outputs);
        const auto spread =
            (std::get<0>(all.max(0)) - std::get<0>(all.min(0))).norm(2, {1}).max().item<double>();
        note("randomised", spread, most_difference,
             "repeated passes over the same images give different outputs, so the network is "
             "randomised; use version \"rand\"");
        const auto logits = seen.network.logits(seen.images);
        const auto off = (logits.sum(1) - 1).abs().max().item<double>();
        const bool probabilities = logits.max().item<double>() < 1 + probability_error &&
                                   logits.min().item<double>() > -probability_error &&
                                   off < probability_error;
        note("probabilities", probabilities, never,
             "the outputs are probabilities; attack the logits instead, because their gradients do "
             "not vanish");
        classes_ = logits.size(1);
    }

    /// The fraction of the correctly classified images whose gradient is zero everywhere. DLR is
    /// constant if the label has the third-largest logit, so misclassified images do not count.
    double zero_gradients(Loss loss) {
        Settings settings;
        settings.range = options_.range;
        settings.loss = loss;
        const auto seen = see(settings);
        Evaluation here(seen.network, seen.images, seen.labels);
        const auto right = here.fooled().logical_not();
        const auto none = here.gradient().abs().amax({1, 2, 3}).eq(0).logical_and(right);
        return none.sum().item<double>() / std::max(1.0, right.sum().item<double>());
    }

    void look_at_gradients() {
        const auto loss = classes_ >= 3 ? Loss::dlr : Loss::margin;
        const double none = zero_gradients(loss);
        note("zero gradient", none, never,
             fmt::format("the gradient of the loss {} is zero for {:.3g} % of the correctly "
                         "classified images, so attacks that follow this gradient do not change "
                         "these images",
                         name_of(loss), 100 * none));
        const double saturated = none > 0 ? 0 : zero_gradients(Loss::cross_entropy);
        note("zero gradient", saturated, most_saturated,
             fmt::format("the gradient of the cross-entropy is zero for {:.3g} % of the images "
                         "because the logits are too large",
                         100 * saturated));
    }

    AttackOptions apgd(double epsilon, int64_t steps) const {
        auto options = attack_like(options_, "apgd", epsilon);
        options.steps = steps;
        return options;
    }

    at::Tensor right_after(const AttackOptions& options) {
        return robustness(model_, dataset_, options, robust_).fooled_by.eq(0);
    }

    static double share(const at::Tensor& right) {
        return right.to(at::kDouble).mean().item<double>();
    }

    /// Which images are still classified correctly at random points of the ball.
    at::Tensor right_at_random_points(double epsilon) {
        const auto options = apgd(epsilon, 1);
        const auto settings = resolve(options);
        const auto seen = see(settings);
        const auto& images = seen.images;
        const auto& labels = seen.labels;
        const Constraint ball(settings, images, at::full({images.size(0)}, epsilon, at::kDouble));
        auto right = at::ones({images.size(0)}, labels.options().dtype(at::kBool));
        for (int64_t i = 0; i < random_points; ++i) {
            check_interrupt();
            const auto noise = random_perturbation(images, seen.batch.samples, settings, 1000 + i);
            const auto moved = ball.project(images + epsilon * noise);
            const auto fooled = seen.network.fooled(seen.network.logits(moved), labels);
            right = right.logical_and(fooled.logical_not());
        }
        return right.cpu();
    }

    double epsilon() const { return options_.epsilon.value_or(8.0 / 255); }
    bool l_infinity() const { return options_.norm.value_or(Norm::l_infinity) == Norm::l_infinity; }

    void compare_attacks() {
        const auto many = right_after(apgd(epsilon(), 100));
        const double left = share(many);
        const double few = share(right_after(apgd(epsilon(), 10)));
        note("more steps help less", left - few, most_gained,
             fmt::format("100 steps of APGD leave {:.3g} % of the images correctly classified, but "
                         "10 steps leave {:.3g} %",
                         100 * left, 100 * few));
        if (l_infinity()) {
            wins("one step wins", "FFGSM succeeds",
                 right_after(attack_like(options_, "ffgsm", epsilon())), many);
        }
        wins("noise wins", "at least one of 100 random points in the epsilon ball is misclassified",
             right_at_random_points(epsilon()), many);
    }

    void compare_epsilons() {
        if (l_infinity() && options_.range == Range()) {
            const double rest = share(right_after(apgd(1, 20)));
            note("unbounded", rest, never,
                 fmt::format("at epsilon 1, which allows any image, {:.3g} % of the images remain "
                             "correctly classified",
                             100 * rest));
        }
        const double half = share(right_after(apgd(epsilon() / 2, 20)));
        const double whole = share(right_after(apgd(epsilon(), 20)));
        const double twice = share(right_after(apgd(2 * epsilon(), 20)));
        note("not falling", std::max(whole - half, twice - whole), never,
             fmt::format("a larger epsilon leaves more images correctly classified: {:.3g}, {:.3g} "
                         "and {:.3g} % at half epsilon, epsilon and twice epsilon",
                         100 * half, 100 * whole, 100 * twice));
    }

    void wins(const char* name, const char* what, const at::Tensor& right, const at::Tensor& many) {
        const double won = share(right.logical_not().logical_and(many));
        note(name, won, most_gained,
             fmt::format("on {:.3g} % of the images, 100 steps of APGD fail but {}", 100 * won,
                         what));
    }

    /// Checks each attack that follows a gradient and takes enough steps.
    void look_at_convergence() {
        std::vector<std::string> notes;
        for (const auto& step : steps_of(options_, classes_, notes)) {
            const auto settings = resolve(step);
            if (settings.steps >= least_steps && !settings.method->least_norm &&
                settings.method->make(settings)->uses_gradient()) {
                const double rising = share_still_rising(settings);
                note("not converged", rising, most_rising,
                     fmt::format("{}: the loss of {:.3g} % of the images was still rising in the "
                                 "last steps; use more steps",
                                 name_of_step(step), 100 * rising));
            }
        }
    }

    /// The fraction of images that are still classified correctly after one run of an attack,
    /// although the loss that the attack increases is still rising.
    double share_still_rising(const Settings& settings) {
        const auto seen = see(settings);
        AttackBatch run;
        run.images = seen.images;
        run.labels = seen.labels;
        run.samples = seen.batch.samples;
        run.epsilons = at::full({dataset_.size()}, settings.epsilon, at::kDouble);
        const auto attack = settings.method->make(settings);
        attack->begin(seen.network, run);
        const auto late = attack->iterations() -
                          static_cast<int64_t>(last_steps * static_cast<double>(settings.steps));
        Evaluation clean(seen.network, run.images, run.labels, /*graph=*/false);
        const auto first = clean.losses();
        auto fooled = clean.fooled();
        auto best = first, before = first;
        for (int64_t i = 0; i < attack->iterations(); ++i) {
            check_interrupt();
            Evaluation here(seen.network, attack->images(), run.labels);
            best = best.maximum(here.losses());
            fooled = fooled.logical_or(here.fooled());
            if (i < late) {
                before = best;
            }
            attack->advance(here);
        }
        const auto right = fooled.logical_not();
        const auto rising = (best - before).gt(least_rise * (best - first)).logical_and(right);
        return rising.sum().item<double>() / static_cast<double>(dataset_.size());
    }

    model::Model& model_;
    data::Dataset dataset_;
    const AttackOptions& options_;
    RobustOptions robust_;
    int64_t classes_ = 0;
    std::vector<Check> checks_;
};

}  // namespace

std::vector<Check> check_network(model::Model& model, const data::Dataset& dataset,
                                 const AttackOptions& options, const RobustOptions& robust) {
    return NetworkChecks(model, dataset, options, robust).run();
}

std::vector<Check> check_transfer(model::Model& model, model::Model& source,
                                  const data::Dataset& dataset, const Robustness& found,
                                  const AttackOptions& options, const RobustOptions& robust) {
    const auto first = dataset.slice(0, std::min(images_seen, dataset.size()));
    auto attack = attack_like(options, "apgd", options.epsilon);
    attack.keep = Keep::best;
    const auto batch = first.batch(0, first.size());
    const auto moved =
        perturb(source, batch.images, batch.labels, attack, robust.inference, batch.samples);
    AttackedNetwork network(model, resolve(attack), robust.inference);
    network.begin(first);
    const auto labels = batch.labels.to(network.device());
    const auto fooled = network.fooled(network.logits(network.bring(moved)), labels).cpu();
    const auto right = found.fooled_by.slice(0, 0, first.size()).eq(0);
    const double won = fooled.logical_and(right).to(at::kDouble).mean().item<double>();
    return {
        {"black box wins",
         fmt::format("on {:.3g} % of the images, the attack fails but adversarial images made for "
                     "the other network succeed: gradients may be masked",
                     100 * won),
         won, most_black_box}};
}

std::vector<Check> check_steps(const Robustness& found) {
    std::vector<Check> checks;
    double before = found.clean;
    for (size_t i = 0; i < found.steps.size(); ++i) {
        const auto& step = found.steps[i];
        const double won = before - step.robust;
        if (step.name == "square" && i > 0) {
            checks.push_back({"black box wins",
                              fmt::format("on {:.3g} % of the images, the gradient-based attacks "
                                          "fail but Square succeeds: gradients may be masked",
                                          100 * won),
                              won, most_black_box});
        }
        before = step.robust;
    }
    for (const auto& note : found.notes) {
        checks.push_back({"too few classes", note, 1, never});
    }
    return checks;
}

}  // namespace hfc::attack
