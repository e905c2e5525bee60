// Signs that a measured robustness may be too high (Carlini et al. 2019; Athalye et al. 2018).
#pragma once

#include "attack/robustness.h"

#include <string>
#include <vector>

namespace hfc::attack {

struct Check {
    std::string name;
    std::string text;  ///< the sentence to report if the value is above the limit
    double value = 0;
    double limit = 0;

    bool warns() const { return !(value <= limit); }
};

/// Checks a network for random or normalised outputs, zero gradients, attacks that should do better
/// than others but do not, and attacks in `options` that have not converged. Uses the first 100
/// images of the data set. epsilon, norm and range are taken from the options. Throws Error as
/// robust_accuracy() does.
std::vector<Check> check_network(model::Model& model, const data::Dataset& dataset,
                                 const AttackOptions& options, const RobustOptions& robust);

/// Attacks `source`, such as a copy of the model without its defence, with 100 steps of APGD.
/// Checks whether the results fool the model for images that withstood the attacks in `found`. Uses
/// the first 100 images.
std::vector<Check> check_transfer(model::Model& model, model::Model& source,
                                  const data::Dataset& dataset, const Robustness& found,
                                  const AttackOptions& options, const RobustOptions& robust);

/// Checks whether a black-box attack beats the gradient attacks in `found`, and whether the attacks
/// were changed because there are few classes.
std::vector<Check> check_steps(const Robustness& found);

}  // namespace hfc::attack
