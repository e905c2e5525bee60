// Signs that a measured robustness may be too high (Carlini et al. 2019; Athalye et al. 2018).
#pragma once

#include "attack/robustness.h"

#include <string>
#include <vector>

namespace hfc::attack {

struct Warning {
    std::string name;
    std::string text;  ///< one sentence
    double value = 0;  ///< what was compared with the threshold
};

/// Of a network: random or normalised outputs, zero gradients, attacks that should do better than
/// others and do not. Looks at the first 100 images of the data set. epsilon, norm and range are
/// those of the options. Throws Error as robust_accuracy() does.
std::vector<Warning> check_network(model::Model& model, const data::Dataset& dataset,
                                   const AttackOptions& options, const RobustOptions& robust);

/// Of a report: the black-box attack that wins.
std::vector<Warning> check_steps(const Robustness& found);

}  // namespace hfc::attack
