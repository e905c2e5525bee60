// The two ways to run an attack: every image to the end, or until it has succeeded.
#pragma once

#include "attack/victim.h"
#include "attack/walk.h"

namespace hfc::attack {

/// Every image through all steps and restarts, for each epsilon: one tensor each, on the victim's
/// device. `images` has samples, which random starts depend on.
std::vector<at::Tensor> attack_in_full(const Victim& victim, const Settings& settings,
                                       const data::Batch& images,
                                       const std::vector<double>& epsilons);

/// One run of all steps on a batch whose images each have an epsilon of their own.
struct Pursuit {
    at::Tensor images;          ///< on the victim's device
    at::Tensor labels;          ///< int64 [N]
    at::Tensor epsilons;        ///< float64 [N]
    at::Tensor alphas;          ///< float64 [N]
    at::Tensor start;           ///< a random perturbation of epsilon 1, or undefined
    at::Tensor first_gradient;  ///< at the images, where it is known and there is no random start
};

/// For each image the size, in the attack's norm, of the first perturbation on the way that
/// succeeds; infinity for none. float64 [N], CPU.
at::Tensor pursue(const Victim& victim, const Settings& settings, const Pursuit& pursuit);

}  // namespace hfc::attack
