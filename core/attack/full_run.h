// Runs every image through all iterations and restarts of an attack.
#pragma once

#include "attack/method.h"
#include "data/dataset.h"

namespace hfc::attack {

/// Returns the perturbed images for each epsilon, on the network's device. batch.samples determines
/// the random numbers. `start`: the rows of AttackOptions::start for the batch, or undefined.
std::vector<at::Tensor> attack_in_full(const AttackedNetwork& network, const Settings& settings,
                                       const data::Batch& batch,
                                       const std::vector<double>& epsilons,
                                       const at::Tensor& start);

/// Runs all iterations once. first_gradient: the gradient at the unperturbed images, if it is
/// known.
at::Tensor run_once(const AttackedNetwork& network, const Settings& settings,
                    const AttackBatch& batch, const at::Tensor& first_gradient = {});

/// Rows begin .. end of AttackOptions::start, on the device and in the layout of the network's
/// images; undefined if there is no start.
at::Tensor start_rows(const AttackedNetwork& network, const Settings& settings, int64_t begin,
                      int64_t end);

}  // namespace hfc::attack
