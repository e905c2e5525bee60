// Attack options, checked, with every default in its place.
#pragma once

#include "attack/attack.h"

#include <cstdint>
#include <optional>
#include <string>

namespace hfc::attack {

enum class Norm { l_infinity, l2 };

struct Settings {
    std::string method;
    Norm norm = Norm::l_infinity;
    double epsilon = 0;
    double alpha = 0;
    double alpha_share = 0;       ///< alpha / epsilon
    bool alpha_relative = false;  ///< the step follows epsilon
    int64_t steps = 1;
    bool momentum = false;
    double decay = 1;
    bool random_start = false;
    int64_t restarts = 1;
    bool targeted = false;
    bool margin = false;
    std::optional<Band> band;
    uint64_t seed = 0;

    double alpha_for(double of_epsilon) const {
        return alpha_relative ? alpha_share * of_epsilon : alpha;
    }
};

/// Throws Error for an unknown method or loss and for values out of range.
Settings resolve(const AttackOptions& options);

/// Throws Error unless it is a finite number of at least 0.
void require_epsilon(double epsilon);

/// Throws Error unless images are float32 [N, C, H, W] in [0,1] and labels int64 [N].
void require_batch(const at::Tensor& images, const at::Tensor& labels, const Settings& settings);

}  // namespace hfc::attack
