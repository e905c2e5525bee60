// Adversarial images, and a network's accuracy on them. Methods, names and defaults are the same as
// in torchattacks 3.5.
#pragma once

#include "attack/options.h"
#include "data/dataset.h"
#include "model/inference.h"

#include <functional>
#include <vector>

namespace hfc::attack {

/// Perturbs `images` so that the model misclassifies them, or at least comes closer to doing so.
/// images: float32 [N, C, H, W] in the range of the options, any device and layout; the result has
/// the same device and layout. labels: int64 [N]. samples: int64 [N], the index of each image in
/// its source; undefined: 0 .. N-1. The random numbers for an image depend on its index. The result
/// is in the range and within epsilon of the images: |x' - x| <= epsilon holds in exact arithmetic.
/// The model runs in evaluation mode on its own device, channels_last, and no parameter gradients
/// are computed. Its parameters, their gradients and requires_grad, its buffers and its mode are
/// the same afterwards, even after an exception. Calls check_interrupt() once per step. Throws
/// Error for options out of range, pixels that are NaN or outside the range, labels for which the
/// model has no logit, and a model whose logits do not depend on the images or whose gradient is
/// not finite.
at::Tensor perturb(model::Model& model, const at::Tensor& images, const at::Tensor& labels,
                   const AttackOptions& options = {},
                   const model::Inference::Options& inference = {}, const at::Tensor& samples = {});

/// perturb() for several epsilons (options.epsilon is not used): returns one tensor per epsilon.
/// Work that all epsilons share is done once.
std::vector<at::Tensor> perturb(model::Model& model, const at::Tensor& images,
                                const at::Tensor& labels, const AttackOptions& options,
                                const std::vector<double>& epsilons,
                                const model::Inference::Options& inference = {},
                                const at::Tensor& samples = {});

struct RobustOptions {
    /// If true, an image is attacked only until the model misclassifies it (before the attack, at
    /// any step, in any restart or with a smaller epsilon). If false, every image is attacked in
    /// full, and only the result counts, as in torchattacks; the robust accuracy is then the same
    /// or slightly higher.
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
/// epsilon in the order given. Untargeted. Throws Error in the same cases as perturb(), when there
/// are no epsilons, and when the batch size is below 1.
std::vector<double> robust_accuracy(model::Model& model, const data::Dataset& dataset,
                                    const AttackOptions& options,
                                    const std::vector<double>& epsilons,
                                    const RobustOptions& robust = {});

struct SearchOptions {
    double max_epsilon = 1;
    int64_t bisections = 10;  ///< after a first attempt with max_epsilon
    /// If not empty: the only epsilons to try, in ascending order, until one succeeds. Bisection is
    /// not suitable for single-step attacks, which can succeed at one epsilon and fail at a larger
    /// one.
    std::vector<double> epsilons = {};
    /// If not empty: the bisection for an image ends as soon as it is known, for each of these
    /// bounds, whether the image's smallest epsilon is larger.
    std::vector<double> bounds = {};
    model::Inference::Options inference = {};
    at::Tensor samples = {};  ///< as for perturb()
};

/// Finds, by bisection, the smallest epsilon at which the attack succeeds on each image: float64
/// [N] on the CPU. The result is 0 if the model misclassifies the unperturbed image, and infinity
/// if max_epsilon is not enough. Each image has its own search, and all searches run in one batch.
/// A finite result is the exact size of a perturbation that the search found. The step size is a
/// fixed fraction of epsilon: relative_alpha, or alpha / epsilon from the options.
at::Tensor smallest_epsilon(model::Model& model, const at::Tensor& images, const at::Tensor& labels,
                            const AttackOptions& options = {}, const SearchOptions& search = {});

}  // namespace hfc::attack
