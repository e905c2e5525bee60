// Random starts that depend on the image, but not on the rest of its batch.
#pragma once

#include "attack/settings.h"

namespace hfc::attack {

/// A random perturbation for each image, with epsilon = 1, drawn as in torchattacks: uniform in
/// [-1,1], or (L2) with a random direction and a length uniform in [0,1]. It depends only on the
/// seed, the method, the restart and the index of the image in its source: samples, int64 [N]. The
/// numbers themselves differ from those of torchattacks.
at::Tensor random_perturbation(const at::Tensor& images, const at::Tensor& samples,
                               const Settings& settings, int64_t restart);

/// The name that identifies the random numbers for one restart of a method.
std::string random_purpose(const Settings& settings, int64_t restart);

}  // namespace hfc::attack
