// Signs that a measured robustness may be too high (Carlini et al. 2019; Athalye et al. 2018).
#pragma once

#include "attack/robustness.h"

#include <string>
#include <vector>

namespace hfc::attack {

struct Check {
    std::string name;
    std::string text;  ///< one sentence for a value above the limit
    double value = 0;
    double limit = 0;

    bool warns() const { return !(value <= limit); }
};

/// Of a network: random or normalised outputs, zero gradients, attacks that should do better than
/// others and do not, attacks of the options that have not converged. Looks at the first 100 images
/// of the data set. epsilon, norm and range are those of the options. Throws Error as
/// robust_accuracy() does.
std::vector<Check> check_network(model::Model& model, const data::Dataset& dataset,
                                 const AttackOptions& options, const RobustOptions& robust);

/// Whether images that fool another network (100 steps of APGD), such as a copy without a defence,
/// fool the model where the attack of the report did not. Looks at the first 100 images.
std::vector<Check> check_transfer(model::Model& model, model::Model& source,
                                  const data::Dataset& dataset, const Robustness& found,
                                  const AttackOptions& options, const RobustOptions& robust);

/// Of a report: the black-box attack that wins, and what the number of classes changed.
std::vector<Check> check_steps(const Robustness& found);

}  // namespace hfc::attack
