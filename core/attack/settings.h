// Attack options after checking, with all defaults filled in.
#pragma once

#include "attack/options.h"

#include <algorithm>

namespace hfc::attack {

struct Settings {
    std::shared_ptr<const Method> method;
    Norm norm = Norm::l_infinity;
    double epsilon = 0;
    double alpha = 0;
    double alpha_fraction = 0;    ///< alpha / epsilon
    bool alpha_relative = false;  ///< the step is alpha_fraction of each image's epsilon
    int64_t steps = 1;
    bool random_start = false;
    /// The first iteration uses the gradient at the unperturbed images.
    bool gradient_first = false;
    int64_t restarts = 1;
    int64_t targets = 0;  ///< above 0: runs towards this many of the most likely wrong classes
    bool targeted = false;
    Loss loss = Loss::cross_entropy;
    std::optional<Band> band;
    uint64_t seed = 0;
    Range range;
    at::Tensor start;
    Keep keep = Keep::last;
    std::map<std::string, double> numbers;  ///< all options that only this method has

    double alpha_for(double of_epsilon) const {
        return alpha_relative ? alpha_fraction * of_epsilon : alpha;
    }

    /// The number of runs for each image: `restarts` per target.
    int64_t runs() const { return restarts * std::max<int64_t>(1, targets); }
    /// The rank of the wrong class that a run aims at.
    int64_t rank_of(int64_t run) const { return run / restarts; }

    /// One of the method's own options.
    double number(const std::string& name) const { return numbers.at(name); }
};

/// Throws Error for an unknown method and for values out of range.
Settings resolve(const AttackOptions& options);

/// A string that distinguishes settings by the options that are rarely set: `norm`, `range`,
/// `keep`, `start` and a custom method's function; "" if all of these have their defaults.
std::string identity_of(const Settings& settings);

/// Throws Error unless epsilon is finite and non-negative.
void require_epsilon(double epsilon);

/// Throws Error unless images are float32 [N, C, H, W] in the range and labels int64 [N].
void require_batch(const at::Tensor& images, const at::Tensor& labels, const Settings& settings);

/// Throws Error unless the start has 1 or `count` perturbations with the shape of an image.
void require_start(const Settings& settings, int64_t count, at::IntArrayRef image);

}  // namespace hfc::attack
