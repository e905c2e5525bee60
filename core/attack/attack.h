// Adversarial images, and how accurate a network stays on them. Methods, names and defaults are
// those of torchattacks 3.5.
#pragma once

#include "attack/options.h"
#include "data/dataset.h"
#include "model/inference.h"

#include <functional>
#include <vector>

namespace hfc::attack {

/// Images near `images` that the model misclassifies, or comes nearer to misclassifying.
/// images: float32 [N, C, H, W] in the range of the options, any device and layout; the result has
/// the same ones. labels: int64 [N]. samples: int64 [N], the index of each image in its source,
/// which its random numbers depend on; undefined: 0 .. N-1. The result is in the range and within
/// epsilon of the images: |x' - x| <= epsilon holds for the value of each pixel as a real number.
/// The model computes in evaluation mode on its own device, channels_last, and no gradient of a
/// parameter is computed. Its parameters, their gradients and requires_grad, its buffers and its
/// mode are the same afterwards, even after an exception. Calls check_interrupt() once per step.
/// Throws Error for options out of range, images outside the range or not a number, labels that the
/// model has no logit for, and a model whose logits do not depend on the images or whose gradient
/// is not a number.
at::Tensor perturb(model::Model& model, const at::Tensor& images, const at::Tensor& labels,
                   const AttackOptions& options = {},
                   const model::Inference::Options& inference = {}, const at::Tensor& samples = {});

/// perturb() for several epsilons (options.epsilon is not used): one tensor for each. Work that
/// they share is done once.
std::vector<at::Tensor> perturb(model::Model& model, const at::Tensor& images,
                                const at::Tensor& labels, const AttackOptions& options,
                                const std::vector<double>& epsilons,
                                const model::Inference::Options& inference = {},
                                const at::Tensor& samples = {});

struct RobustOptions {
    /// The attack on an image stops once the model misclassifies it: before the attack, at any
    /// step, restart or smaller epsilon. The robust accuracy is the same or a little lower than
    /// with `false`, which attacks every image in full and judges only the result, as torchattacks
    /// does.
    bool early_stop = true;
    model::Inference::Options inference = {};
    std::function<void(double)> after_batch = {};  ///< called with the fraction done, in (0,1]
    /// Only for robustness(): called with the name of each attack of a sequence before it starts.
    std::function<void(const std::string&)> before_step = {};
    /// Only for robustness(): called after each attack with its name and the fraction of images
    /// that are still classified correctly.
    std::function<void(const std::string&, double)> after_step = {};
};

/// The fraction of images that the model still classifies correctly under the attack, for each
/// epsilon in the order given. Untargeted. Throws Error as perturb() does, for no epsilon and for a
/// batch size below 1.
std::vector<double> robust_accuracy(model::Model& model, const data::Dataset& dataset,
                                    const AttackOptions& options,
                                    const std::vector<double>& epsilons,
                                    const RobustOptions& robust = {});

struct SearchOptions {
    double max_epsilon = 1;
    int64_t bisections = 10;  ///< after a first attempt with max_epsilon
    /// If not empty: the only epsilons to try, in ascending order, until one succeeds. A single
    /// step can fool the network at an epsilon and not at a larger one, which a bisection misses.
    std::vector<double> epsilons = {};
    /// If not empty: the bisection of an image ends once it is known of each of these whether the
    /// image's smallest epsilon is larger.
    std::vector<double> bounds = {};
    model::Inference::Options inference = {};
    at::Tensor samples = {};  ///< as for perturb()
};

/// Returns, for each image, the smallest epsilon at which the attack was found to succeed, by
/// bisection: float64 [N] on the CPU. It is 0 if the model misclassifies the image itself, and
/// infinity if max_epsilon is not enough. Each image has its own search, and all searches run in
/// one batch. A perturbation of exactly the returned size was found. The step is a fixed fraction
/// of epsilon: relative_alpha, or alpha / epsilon from the options.
at::Tensor smallest_epsilon(model::Model& model, const at::Tensor& images, const at::Tensor& labels,
                            const AttackOptions& options = {}, const SearchOptions& search = {});

}  // namespace hfc::attack
