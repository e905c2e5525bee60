// The interface of attacks: what one iteration does to the images. The wrappers in full_run.h and
// early_stop.h run any Attack; they are responsible for epsilons, restarts, the best result and
// early stopping.
#pragma once

#include "attack/constraint.h"
#include "attack/evaluation.h"
#include "attack/settings.h"

#include <functional>
#include <limits>

namespace hfc::attack {

/// The input for one run of an attack on a batch.
struct AttackBatch {
    at::Tensor images;    ///< float32 [N, C, H, W] on the network's device, channels_last
    at::Tensor labels;    ///< int64 [N], on the same device
    at::Tensor epsilons;  ///< float64 [N], on the CPU
    at::Tensor samples;   ///< int64 [N]: the index of each image in its source
    at::Tensor start;     ///< rows of AttackOptions::start for these images, or undefined
    int64_t restart = 0;
};

/// One run of an attack on a batch. A run consists of begin() and one advance() per iteration.
/// Between iterations, the caller may drop images with keep().
class Attack {
  public:
    explicit Attack(const Settings& settings) : settings_(settings) {}
    virtual ~Attack() = default;
    Attack(const Attack&) = delete;
    Attack& operator=(const Attack&) = delete;

    /// Sets the starting point. The base class uses the given start, a random start or the
    /// unperturbed images, depending on the settings. A method with its own state overrides this
    /// and calls the base class first.
    virtual void begin(const AttackedNetwork& network, const AttackBatch& batch);

    /// Performs one iteration. `here` evaluates the network at images(), on demand.
    virtual void advance(Evaluation& here) = 0;

    virtual int64_t iterations() const { return settings_.steps; }

    /// Which of images() the attack has succeeded on: bool [N]. A method whose images temporarily
    /// leave the constraint counts only those that satisfy it.
    virtual at::Tensor fooled(Evaluation& here) { return here.fooled(); }

    /// Whether finish() needs the network's results at the images after the last iteration.
    virtual bool sees_last() const { return false; }
    /// Called once after the last iteration of a run that keeps all images.
    virtual void finish(Evaluation&) {}

    /// The result of a run after finish(): the images after the last iteration, unless the method
    /// chooses earlier ones.
    virtual const at::Tensor& result() const { return current_; }

    /// Returns false if the method needs only logits. The wrappers then record no graph.
    virtual bool uses_gradient() const { return true; }

    /// The perturbed images after the latest iteration. Every iteration makes a new tensor.
    const at::Tensor& images() const { return current_; }

    /// Keeps only the images at `rows` (int64).
    virtual void keep(const at::Tensor& rows);

  protected:
    /// The derived class's tensors with one row per image, from which keep() also selects rows.
    /// Undefined tensors are skipped.
    virtual std::vector<at::Tensor*> per_image() = 0;

    const Settings& settings() const { return settings_; }
    const Constraint& constraint() const { return *constraint_; }
    /// The size of each perturbation in the attack's norm: float64 [N].
    at::Tensor distances() const;
    /// For a method whose images leave the constraint: the misclassified images that are within
    /// epsilon, bool [N].
    at::Tensor fooled_within_epsilon(Evaluation& here) const;
    /// Rows of `images` where `chosen` (bool [N]) is true, and the unperturbed images elsewhere.
    at::Tensor chosen_or_clean(const at::Tensor& chosen, const at::Tensor& images) const;
    const at::Tensor& samples() const { return samples_; }
    int64_t restart() const { return restart_; }

    /// The perturbation for a random start. It is projected afterwards.
    virtual at::Tensor random_start(const AttackBatch& batch) const;

    /// Moves to the nearest images that satisfy the constraint.
    void move_to(const at::Tensor& images) { current_ = constraint_->project(images); }
    /// Moves to images that may break the constraint.
    void place(const at::Tensor& images) { current_ = images; }

  private:
    const Settings& settings_;
    std::optional<Constraint> constraint_;
    at::Tensor samples_;
    int64_t restart_ = 0;
    at::Tensor current_;
};

/// An option that only one method has: a finite number.
struct NumberOption {
    std::string name;
    double standard = 0;                                       ///< the default
    double lowest = 0;                                         ///< the smallest value allowed
    double highest = std::numeric_limits<double>::infinity();  ///< the largest value allowed
    bool above = false;                                        ///< `lowest` itself is not allowed
    bool whole = false;                                        ///< the value must be an integer
    bool yes_or_no = false;  ///< a flag, which scripts write as true or false
};

/// An epsilon larger than any perturbation of pixels in [0,1].
inline constexpr double any_size = 1000;

/// An entry in the table of methods.
struct Method {
    std::string name;
    Norm norm = Norm::l_infinity;
    bool either_norm = false;    ///< the user can choose the norm; `norm` is the default
    double epsilon = 8.0 / 255;  ///< default
    double alpha = 2.0 / 255;    ///< default
    int64_t steps = 10;          ///< default
    bool iterates = true;        ///< false for a single step; the option `steps` is then refused
    bool takes_alpha = true;     ///< false if the method determines its own step size
    bool takes_steps = true;  ///< false if one of the method's own options sets the number of steps
    bool takes_band = true;   ///< the perturbation can be confined to frequencies
    bool takes_targeted = true;  ///< the labels can be target classes
    bool random_start = false;   ///< the method can start at random, and does so by default
    /// The attack searches for the nearest misclassified images; epsilon determines which of them
    /// count.
    bool least_norm = false;
    bool stays_once_fooled = false;  ///< further steps do not change an image that is fooled
    bool draws = false;  ///< later steps use random numbers too, so that restarts differ
    /// The first iteration uses the gradient at the unperturbed images, unless the run has another
    /// starting point. The wrappers then compute that gradient once for all epsilons.
    bool gradient_first = false;
    std::vector<NumberOption> numbers = {};
    std::function<std::unique_ptr<Attack>(const Settings&)> make = {};
    /// Identifies a method whose name alone does not define it, such as a script's function.
    std::string fingerprint = {};
};

/// Makes attacks of class T.
template <typename T>
std::unique_ptr<Attack> make_attack(const Settings& settings) {
    return std::make_unique<T>(settings);
}

/// Adds a method to the table. Throws Error if the name is taken. Not thread-safe.
void register_method(Method method);

/// Throws Error for a name that is not in the table.
std::shared_ptr<const Method> find_method(const std::string& name);

/// The built-in methods, with one function per file.
std::vector<Method> gradient_methods();
std::vector<Method> apgd_methods();
std::vector<Method> square_methods();
std::vector<Method> fab_methods();
std::vector<Method> deepfool_methods();
std::vector<Method> carlini_wagner_methods();

}  // namespace hfc::attack
