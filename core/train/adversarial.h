// Adversarial training: images are attacked before their loss is computed.
#pragma once

#include "attack/attack.h"
#include "train/objective.h"

namespace hfc::train {

/// `objective` on the attacked images in place of the images (Madry et al. 2018). The model is in
/// evaluation mode for the attack. What the attack draws for an image depends on seed, epoch and
/// the image's index in its source alone; attack.seed is not used. Throws Error for an attack out
/// of range.
ObjectivePtr make_adversarial(ObjectivePtr objective, const attack::AttackOptions& attack);

}  // namespace hfc::train
