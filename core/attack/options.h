// The options of an attack, and the names of the methods.
#pragma once

#include "data/transform/filter.h"
#include "frequency/split.h"

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace hfc::attack {

/// How the size of a perturbation is measured, over all pixels of an image.
enum class Norm { l_infinity, l2 };

/// "linf" or "l2".
const char* name_of(Norm norm);
/// Throws Error for an unknown name.
Norm parse_norm(std::string_view name);

/// The loss that an untargeted attack increases and a targeted attack decreases. It is summed over
/// images, not averaged as in torchattacks, so the result for an image does not depend on its
/// batch.
enum class Loss {
    cross_entropy,
    margin,  ///< the largest other logit minus the logit of the label
    /// Margin / (largest logit - third largest), which does not depend on the scale of the logits.
    dlr,
};

/// "cross_entropy", "margin" or "dlr".
const char* name_of(Loss loss);
/// Throws Error for an unknown name.
Loss parse_loss(std::string_view name);

/// Which iteration's images an attack returns.
enum class Keep {
    last,  ///< the images after the last step
    /// The first image that fools the network, or the one with the largest loss if none does.
    best,
};

/// "last" or "best".
const char* name_of(Keep keep);
/// Throws Error for an unknown name.
Keep parse_keep(std::string_view name);

/// The values that a pixel may have. The bounds may be infinite.
struct Range {
    double lowest = 0;
    double highest = 1;
    bool operator==(const Range&) const = default;
};

/// The range for images whose pixels may have any finite value, such as filtered views.
Range no_range();

/// The frequencies that a perturbation may have. Each step's gradient is filtered before it is
/// used. After the step, the perturbation is projected onto the band and then scaled down as a
/// whole to epsilon, so it stays in the band. The only exception is that clamping pixels to the
/// range moves a little energy outside the band.
struct Band {
    data::Part part = data::Part::whole;  ///< low or high: within `radius`, or beyond it
    double radius = 0;                    ///< in frequency bins
    frequency::Rule rule = frequency::Rule::inclusive;
    /// Replaces the radius: the fraction, in (0,1], of the orthonormal DCT-II coefficients to keep
    /// in each direction, lowest frequencies first.
    double dct = 0;
    /// Replaces the radius: one factor in [0,1] for each frequency, [H, W], zero-frequency
    /// component first (the layout of fft2). Because a perturbation is real, an asymmetric mask
    /// acts like the mean of the mask and its mirror image.
    at::Tensor mask = {};
};

struct Method;
struct Sequence;

/// Unset options take the default of the method. The built-in methods have these defaults:
///
/// | method | epsilon | alpha | steps | random start | norm |
/// |---|---|---|---|---|---|
/// | fgsm (Goodfellow et al. 2015) | 8/255 | - | 1 | - | L-infinity |
/// | bim (Kurakin et al. 2017) | 8/255 | 2/255 | 10 | - | L-infinity |
/// | mifgsm (Dong et al. 2018) | 8/255 | 2/255 | 10 | - | L-infinity |
/// | pgd (Madry et al. 2018) | 8/255 | 2/255 | 10 | yes | L-infinity |
/// | pgdl2 | 1 | 0.2 | 10 | yes | L2 of an image |
/// | ffgsm (Wong et al. 2020) | 8/255 | 10/255 | 1 | yes | L-infinity |
/// | apgd (Croce and Hein 2020) | 8/255 | its own | 100 | yes | either |
struct AttackOptions {
    std::string method = "pgd";
    std::optional<double> epsilon = {};  ///< the largest perturbation, at least 0
    std::optional<Norm> norm = {};       ///< for a method that supports several norms
    std::optional<double> alpha = {};    ///< the size of a step
    /// The size of a step as a fraction of epsilon; replaces alpha.
    std::optional<double> relative_alpha = {};
    std::optional<int64_t> steps = {};
    std::optional<bool> random_start = {};
    /// The number of runs from different random starts. The best result for each image is kept.
    int64_t restarts = 1;
    bool targeted = false;  ///< the labels are the classes that the attack aims at
    Loss loss = Loss::cross_entropy;
    std::optional<Band> band = {};
    /// Seeds the random numbers. An image's random numbers depend only on the seed, the method, the
    /// number of the restart and the index of the image in its source.
    uint64_t seed = 0;
    Range range = {};
    /// The perturbation to start from, float32 [N, C, H, W], or [1, C, H, W] for all images;
    /// replaces the random start. It is projected onto the constraints. In robust_accuracy(), N is
    /// the size of the data set.
    at::Tensor start = {};
    Keep keep = Keep::last;
    /// The options that only this method has, by name.
    std::map<std::string, double> numbers = {};
    /// A method that is not in the table; if set, `method` is ignored.
    std::shared_ptr<const Method> custom = {};
    /// Several attacks, one after another: see sequence.h. Of the other options, only epsilon, norm
    /// and seed are then used.
    std::shared_ptr<const Sequence> sequence = {};
};

/// The names in the table of methods.
std::vector<std::string> known_methods();

}  // namespace hfc::attack
