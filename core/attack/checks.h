// Signs that a measured robustness may be too high (Carlini et al. 2019; Athalye et al. 2018).
#pragma once

#include "attack/robustness.h"

#include <string>
#include <vector>

namespace hfc::attack {

struct Warning {
    std::string name;
    std::string text;  ///< one sentence
    double value = 0;  ///< the value that was compared with the threshold
};

/// Checks a network for random or normalised outputs, zero gradients, and attacks that should do
/// better than others but do not. Uses the first 100 images of the data set. epsilon, norm and
/// range are taken from the options. Throws Error as robust_accuracy() does.
std::vector<Warning> check_network(model::Model& model, const data::Dataset& dataset,
                                   const AttackOptions& options, const RobustOptions& robust);

/// Checks a report for a black-box attack that beats the gradient attacks.
std::vector<Warning> check_steps(const Robustness& found);

}  // namespace hfc::attack
