// Adversarial training: images are attacked before their loss is computed.
#pragma once

#include "attack/attack.h"
#include "train/objective.h"

namespace hfc::train {

/// Applies `objective` to the attacked images in place of the original images (Madry et al. 2018).
/// The model is in evaluation mode during the attack. The random numbers of the attack on an image
/// depend only on the seed, the epoch and the image's index in its source; attack.seed is not used.
/// Throws Error if an option of the attack is out of range.
ObjectivePtr make_adversarial(ObjectivePtr objective, const attack::AttackOptions& attack);

}  // namespace hfc::train
