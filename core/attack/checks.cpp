#include "attack/checks.h"

#include "attack/constraint.h"
#include "attack/evaluation.h"
#include "attack/losses.h"
#include "attack/random_start.h"
#include "attack/settings.h"
#include "base/interrupt.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <ATen/record_function.h>

#include <algorithm>
#include <memory>

namespace hfc::attack {
namespace {

constexpr int64_t images_seen = 100;
constexpr int64_t passes = 5;
constexpr double most_difference = 1e-4;  ///< of normalised logits of two passes
constexpr double probability_error = 1e-5;
/// Of cross-entropy the gradient of an image that a network is sure of is zero, too.
constexpr double most_saturated = 0.5;
constexpr double most_gained = 0.02;  ///< by steps that should not matter
constexpr double most_black_box = 0.002;
constexpr int64_t random_points = 100;

/// Whether this thread computes a gradient while the watch lives.
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

class NetworkChecks {
  public:
    NetworkChecks(model::Model& model, const data::Dataset& dataset, const AttackOptions& options,
                  const RobustOptions& robust)
        : model_(model),
          dataset_(dataset.slice(0, std::min(images_seen, dataset.size()))),
          options_(options),
          robust_(robust) {
        robust_.after_batch = {};
    }

    std::vector<Warning> run() {
        look_at_outputs();
        look_at_gradients();
        compare_attacks();
        if (robust_.inference.statistics.kind == model::Statistics::Kind::batch) {
            warn("batch statistics",
                 "BatchNorm uses the statistics of each batch: the images in a batch affect one "
                 "another's results",
                 1);
        }
        return std::move(warnings_);
    }

  private:
    void warn(const char* name, std::string text, double value) {
        warnings_.push_back({name, std::move(text), value});
    }

    void look_at_outputs() {
        Settings settings;
        settings.range = options_.range;
        AttackedNetwork network(model_, settings, robust_.inference);
        network.begin(dataset_);
        const auto batch = dataset_.batch(0, dataset_.size());
        const auto images = network.bring(batch.images);
        const auto labels = batch.labels.to(network.device());
        const GradientWatch watch;
        std::vector<at::Tensor> outputs;
        std::vector<int64_t> right;
        for (int64_t i = 0; i < passes; ++i) {
            const auto logits = network.logits(images);
            right.push_back(network.fooled(logits, labels).logical_not().sum().item<int64_t>());
            outputs.push_back(logits / (logits.norm(2, {1}, true) + 1e-10));
        }
        if (watch.saw_one()) {
            warn(
                "gradients inside",
                "the network computes gradients in its forward pass: an attack may not see through "
                "them",
                1);
        }
        const auto all = at::stack(outputs);
        const auto spread =
            (std::get<0>(all.max(0)) - std::get<0>(all.min(0))).norm(2, {1}).max().item<double>();
        const auto [least, most] = std::ranges::minmax(right);
        if (least != most || spread > most_difference) {
            warn("randomised",
                 "passes over the same images differ: the network is random, use version \"rand\"",
                 spread);
        }
        const auto logits = network.logits(images);
        const auto off = (logits.sum(1) - 1).abs().max().item<double>();
        if (logits.max().item<double>() < 1 + probability_error &&
            logits.min().item<double>() > -probability_error && off < probability_error) {
            warn("probabilities",
                 "the outputs are probabilities: attack the logits, whose gradients do not vanish",
                 off);
        }
        classes_ = logits.size(1);
    }

    /// The share of the images that are right whose gradient is zero everywhere. DLR is constant
    /// where the label is the third class, so images that are wrong do not count.
    double zero_gradients(Loss loss) {
        Settings settings;
        settings.range = options_.range;
        settings.loss = loss;
        AttackedNetwork network(model_, settings, robust_.inference);
        network.begin(dataset_);
        const auto batch = dataset_.batch(0, dataset_.size());
        Evaluation here(network, network.bring(batch.images), batch.labels.to(network.device()));
        const auto right = here.fooled().logical_not();
        const auto none = here.gradient().abs().amax({1, 2, 3}).eq(0).logical_and(right);
        return none.sum().item<double>() / std::max(1.0, right.sum().item<double>());
    }

    void look_at_gradients() {
        const auto loss = classes_ >= 3 ? Loss::dlr : Loss::margin;
        const double none = zero_gradients(loss);
        if (none > 0) {
            warn("zero gradient",
                 fmt::format("the gradient of the loss {} is zero at {:.3g} % of the correctly "
                             "classified images: attacks that follow it do not move",
                             name_of(loss), 100 * none),
                 none);
            return;
        }
        const double saturated = zero_gradients(Loss::cross_entropy);
        if (saturated > most_saturated) {
            warn("zero gradient",
                 fmt::format("the gradient of cross-entropy is zero at {:.3g} % of the images: the "
                             "logits are too large for it",
                             100 * saturated),
                 saturated);
        }
    }

    AttackOptions attack(const char* method, double epsilon) const {
        AttackOptions attack;
        attack.method = method;
        attack.epsilon = epsilon;
        attack.norm = options_.norm;
        attack.range = options_.range;
        attack.seed = options_.seed;
        return attack;
    }

    AttackOptions apgd(double epsilon, int64_t steps) const {
        auto options = attack("apgd", epsilon);
        options.steps = steps;
        return options;
    }

    at::Tensor right_after(const AttackOptions& options) {
        return robustness(model_, dataset_, options, robust_).fooled_by.eq(0);
    }

    static double share(const at::Tensor& right) {
        return right.to(at::kDouble).mean().item<double>();
    }

    /// Which images stay right at random points of the ball.
    at::Tensor right_at_random_points(double epsilon) {
        const auto options = apgd(epsilon, 1);
        const auto settings = resolve(options);
        AttackedNetwork network(model_, settings, robust_.inference);
        network.begin(dataset_);
        const auto batch = dataset_.batch(0, dataset_.size());
        const auto images = network.bring(batch.images);
        const auto labels = batch.labels.to(network.device());
        const Constraint ball(settings, images, at::full({images.size(0)}, epsilon, at::kDouble));
        auto right = at::ones({images.size(0)}, labels.options().dtype(at::kBool));
        for (int64_t i = 0; i < random_points; ++i) {
            check_interrupt();
            const auto noise = random_perturbation(images, batch.samples, settings, 1000 + i);
            const auto moved = ball.project(images + epsilon * noise);
            right = right.logical_and(network.fooled(network.logits(moved), labels).logical_not());
        }
        return right.cpu();
    }

    void compare_attacks() {
        const double epsilon = options_.epsilon.value_or(8.0 / 255);
        const bool linf = options_.norm.value_or(Norm::l_infinity) == Norm::l_infinity;
        const auto many = right_after(apgd(epsilon, 100));
        const double left = share(many);
        const double few = share(right_after(apgd(epsilon, 10)));
        if (left > few + most_gained) {
            warn("more steps help less",
                 fmt::format("100 steps of APGD leave {:.3g} % of the images correctly "
                             "classified, 10 steps {:.3g} %",
                             100 * left, 100 * few),
                 left - few);
        }
        if (linf) {
            wins("one step wins", "FFGSM fools", right_after(attack("ffgsm", epsilon)), many);
        }
        wins("noise wins", "100 random points of the ball fool", right_at_random_points(epsilon),
             many);
        if (linf && options_.range == Range()) {
            const double rest = share(right_after(apgd(1, 20)));
            if (rest > 0) {
                warn("unbounded",
                     fmt::format("epsilon 1, which allows every image, leaves {:.3g} % of the "
                                 "images correctly classified",
                                 100 * rest),
                     rest);
            }
        }
        const double half = share(right_after(apgd(epsilon / 2, 20)));
        const double whole = share(right_after(apgd(epsilon, 20)));
        const double twice = share(right_after(apgd(2 * epsilon, 20)));
        const double rise = std::max(whole - half, twice - whole);
        if (rise > 0) {
            warn("not falling",
                 fmt::format("a larger epsilon leaves more images correctly classified: {:.3g}, "
                             "{:.3g} and {:.3g} % at half of epsilon, epsilon and twice epsilon",
                             100 * half, 100 * whole, 100 * twice),
                 rise);
        }
    }

    void wins(const char* name, const char* what, const at::Tensor& right, const at::Tensor& many) {
        const double won = share(right.logical_not().logical_and(many));
        if (won > most_gained) {
            warn(name,
                 fmt::format("{} {:.3g} % of the images that 100 steps of APGD do not", what,
                             100 * won),
                 won);
        }
    }

    model::Model& model_;
    data::Dataset dataset_;
    const AttackOptions& options_;
    RobustOptions robust_;
    int64_t classes_ = 0;
    std::vector<Warning> warnings_;
};

}  // namespace

std::vector<Warning> check_network(model::Model& model, const data::Dataset& dataset,
                                   const AttackOptions& options, const RobustOptions& robust) {
    return NetworkChecks(model, dataset, options, robust).run();
}

std::vector<Warning> check_steps(const Robustness& found) {
    std::vector<Warning> warnings;
    double before = found.clean;
    for (size_t i = 0; i < found.steps.size(); ++i) {
        const auto& step = found.steps[i];
        const double won = before - step.robust;
        if (step.name == "square" && i > 0 && won > most_black_box) {
            warnings.push_back({"black box wins",
                                fmt::format("Square fools {:.3g} % of the images that the attacks "
                                            "with gradients do not: gradients may be masked",
                                            100 * won),
                                won});
        }
        before = step.robust;
    }
    for (const auto& note : found.notes) {
        warnings.push_back({"too few classes", note, 0});
    }
    return warnings;
}

}  // namespace hfc::attack
