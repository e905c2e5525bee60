// How robust a network is to several attacks. Each attack is applied only to the images that the
// network still classifies correctly.
#pragma once

#include "attack/attack.h"
#include "attack/sequence.h"

#include <string>
#include <vector>

namespace hfc::attack {

struct StepResult {
    std::string name;
    /// The fraction of images classified correctly after this step and all earlier ones.
    double robust = 0;
    double seconds = 0;  ///< the time of this step
};

struct Robustness {
    double clean = 0;
    double robust = 0;
    std::vector<StepResult> steps;
    /// int64 [N]: 0 if the image is still classified correctly at the end, -1 if it is
    /// misclassified without an attack, otherwise the number of the step that fools the network,
    /// counting from 1.
    at::Tensor fooled_by;
    /// float32 [N, C, H, W]: each image's first misclassified version, or else the clean image.
    at::Tensor images;
    /// Changes to the attacks that were needed because there are few classes.
    std::vector<std::string> notes;
};

/// options: one attack or a sequence, untargeted. `robust.early_stop` is ignored: no image is
/// attacked again after it has fooled the network. Throws Error as robust_accuracy() does.
Robustness robustness(model::Model& model, const data::Dataset& dataset,
                      const AttackOptions& options, const RobustOptions& robust = {});

/// perturb() for a sequence: returns each image's first misclassified version, or else the clean
/// image.
std::vector<at::Tensor> perturb_by_sequence(model::Model& model, const at::Tensor& images,
                                            const at::Tensor& labels, const AttackOptions& options,
                                            const std::vector<double>& epsilons,
                                            const model::Inference::Options& inference,
                                            const at::Tensor& samples);

}  // namespace hfc::attack
