// How robust a network is under several attacks, each of which sees only the images that the
// network still classifies correctly.
#pragma once

#include "attack/attack.h"
#include "attack/sequence.h"

#include <string>
#include <vector>

namespace hfc::attack {

struct StepResult {
    std::string name;
    double robust = 0;   ///< the fraction that is right after this step and those before it
    double seconds = 0;  ///< of this step
};

struct Robustness {
    double clean = 0;
    double robust = 0;
    std::vector<StepResult> steps;
    /// int64 [N]: 0 right to the end, -1 wrong without an attack, else the step, from 1 on.
    at::Tensor fooled_by;
    at::Tensor images;  ///< float32 [N, C, H, W]: the first wrong ones, else the clean ones
    std::vector<std::string> notes;  ///< what the number of classes changed
};

/// options: one attack, or a sequence. Untargeted. `robust.early_stop` is not used: each image
/// leaves as soon as it is fooled. Throws Error as robust_accuracy() does.
Robustness robustness(model::Model& model, const data::Dataset& dataset,
                      const AttackOptions& options, const RobustOptions& robust = {});

/// perturb() of a sequence: the first wrong images, or the clean ones.
std::vector<at::Tensor> perturb_by_sequence(model::Model& model, const at::Tensor& images,
                                            const at::Tensor& labels, const AttackOptions& options,
                                            const std::vector<double>& epsilons,
                                            const model::Inference::Options& inference,
                                            const at::Tensor& samples);

}  // namespace hfc::attack
