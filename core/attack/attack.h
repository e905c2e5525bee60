// Adversarial images, and how accurate a network stays on them. Methods, names and defaults as in
// torchattacks 3.5.
#pragma once

#include "data/dataset.h"
#include "frequency/split.h"
#include "model/inference.h"

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace hfc::attack {

/// The frequencies that a perturbation may have. Each step's gradient is filtered before it is
/// used, and the perturbation is projected onto the band after the step and then scaled down, as a
/// whole, into epsilon: it stays in the band. Only where a pixel meets 0 or 1 does cutting it off
/// put a little energy outside.
struct Band {
    data::Part part = data::Part::whole;  ///< low or high: within `radius`, or beyond it
    double radius = 0;                    ///< in frequency bins
    frequency::Rule rule = frequency::Rule::inclusive;
    /// In place of a radius: factors in [0,1] of each frequency, [H, W], zero frequency first (the
    /// layout of fft2). A mask that is not symmetric acts as its mean with its mirror image, since
    /// a perturbation is real.
    at::Tensor mask = {};
};

/// What is not set has the default of its method:
///
/// | method | epsilon | alpha | steps | random start | norm |
/// |---|---|---|---|---|---|
/// | fgsm (Goodfellow et al. 2015) | 8/255 | - | 1 | - | L-infinity |
/// | bim (Kurakin et al. 2017) | 8/255 | 2/255 | 10 | - | L-infinity |
/// | mifgsm (Dong et al. 2018) | 8/255 | 2/255 | 10 | - | L-infinity |
/// | pgd (Madry et al. 2018) | 8/255 | 2/255 | 10 | yes | L-infinity |
/// | pgdl2 | 1 | 0.2 | 10 | yes | L2 of an image |
struct AttackOptions {
    std::string method = "pgd";
    std::optional<double> epsilon =
        {};                            ///< the largest perturbation, at least 0, of pixels in [0,1]
    std::optional<double> alpha = {};  ///< the size of a step
    std::optional<double> relative_alpha =
        {};  ///< the size of a step as a share of epsilon, in place of alpha
    std::optional<int64_t> steps = {};
    double decay = 1;                       ///< mifgsm: of the momentum
    std::optional<bool> random_start = {};  ///< pgd and pgdl2
    int64_t restarts = 1;   ///< runs from different random starts; for each image the best is kept
    bool targeted = false;  ///< the labels are the classes that the images shall be taken for
    /// "cross_entropy", or "margin": the largest other logit minus the label's. Summed over images,
    /// not averaged as in torchattacks: an image's result does not depend on its batch.
    std::string loss = "cross_entropy";
    std::optional<Band> band = {};
    /// Of the random starts. An image's start depends on the seed, the method, the number of the
    /// restart and the image's index in its source alone.
    uint64_t seed = 0;
};

/// The methods that AttackOptions knows.
const std::vector<std::string>& known_methods();

/// Images near `images` that the model gets wrong, or comes nearer to getting wrong.
/// images: float32 [N, C, H, W] in [0,1], any device and layout, and the result is of the same;
/// labels: int64 [N]; samples: int64 [N], the index of each image in its source, which its random
/// starts depend on; undefined: 0 .. N-1. The result is in [0,1] and within epsilon of the images:
/// |x' - x| <= epsilon holds for each pixel's value as real numbers. The model computes in
/// evaluation mode on its own device, channels_last, and no gradient of a parameter is computed;
/// its parameters, their gradients and requires_grad, its buffers and its mode are the same
/// afterwards, also after an exception. Asks check_interrupt() once a step. Throws Error for
/// options out of range, images outside [0,1] or not a number, labels that the model has no logit
/// for, and a model whose logits do not depend on the images or whose gradient is not a number.
at::Tensor perturb(model::Model& model, const at::Tensor& images, const at::Tensor& labels,
                   const AttackOptions& options = {},
                   const model::Inference::Options& inference = {}, const at::Tensor& samples = {});

/// perturb() for several epsilons (options.epsilon is not used): one tensor each. What they share
/// is computed once.
std::vector<at::Tensor> perturb(model::Model& model, const at::Tensor& images,
                                const at::Tensor& labels, const AttackOptions& options,
                                const std::vector<double>& epsilons,
                                const model::Inference::Options& inference = {},
                                const at::Tensor& samples = {});

struct RobustOptions {
    /// An image is done with once the model gets it wrong: before the attack, at any of its steps,
    /// restarts or smaller epsilons. The share is the same or a little lower than with `false`,
    /// which attacks every image in full and judges by the last step of the last restart's best
    /// alone, as the peers do.
    bool early_stop = true;
    model::Inference::Options inference = {};
    std::function<void(double)> after_batch = {};  ///< called with the share done, in (0,1]
};

/// The share of images that the model gets right in spite of the attack, for each epsilon in the
/// order given. Untargeted. Throws Error as perturb() does, for no epsilon and for a batch size
/// below 1.
std::vector<double> robust_accuracy(model::Model& model, const data::Dataset& dataset,
                                    const AttackOptions& options,
                                    const std::vector<double>& epsilons,
                                    const RobustOptions& robust = {});

struct SearchOptions {
    double max_epsilon = 1;
    int64_t bisections = 10;  ///< after a first try with max_epsilon
    model::Inference::Options inference = {};
    at::Tensor samples = {};  ///< as for perturb()
};

/// For each image the smallest epsilon found at which the attack succeeds, by bisection: float64
/// [N] on the CPU. 0: the model gets the image itself wrong; infinity: max_epsilon is not enough.
/// Each image has its own search, all in one batch; a perturbation of exactly the size given was
/// found. The step is a fixed share of epsilon: relative_alpha, or alpha / epsilon of the options.
at::Tensor smallest_epsilon(model::Model& model, const at::Tensor& images, const at::Tensor& labels,
                            const AttackOptions& options = {}, const SearchOptions& search = {});

}  // namespace hfc::attack
