// Masks that keep the frequencies that a trained network needs: Karantzas et al. 2022,
// 'Understanding robustness and generalization of artificial neural networks through Fourier
// masks'.
#pragma once

#include "data/dataset.h"
#include "model/model.h"

#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace hfc::mask {

/// The set of images for which one mask is learned.
enum class Scope { data_set, class_of_images, image };

/// "data set", "class" or "image". Throws Error for anything else.
Scope parse_scope(std::string_view text);

/// The loss that a mask M minimises, in addition to the L1 term. With d = CE(f(M x), y) - CE(f(x),
/// y):
enum class Loss {
    /// exp(d^2), as in the paper; beyond d^2 = 20 it continues linearly, so that numbers do not
    /// overflow.
    invariance,
    cross_entropy,  ///< CE(f(M x), y)
};

/// "invariance" or "cross_entropy". Throws Error for anything else.
Loss parse_loss(std::string_view text);

/// The progress of a fit. For images, it covers all masks learned together; masks that have
/// finished contribute the values of their last step.
struct Progress {
    int64_t mask = 0;  ///< the class, or the first of the images learned together; 0 for a data set
    int64_t epoch = 0;    ///< one-based; for images, the step
    double loss = 0;      ///< the mean over the images, without the L1 term
    double l1 = 0;        ///< |M|_1 / |ones|_1, the mean over the masks
    double accuracy = 0;  ///< the fraction of masked images that are classified correctly
};

/// Unset options take the default for the scope:
///
/// | | data set, class | image |
/// |---|---|---|
/// | lambda | .2 | .07 |
/// | lr | .01 | .008 |
/// | one_cycle | yes | no |
/// | batch_size | 50 | 100 |
struct LearnOptions {
    Scope scope = Scope::data_set;
    Loss loss = Loss::invariance;
    bool per_channel = false;  ///< one mask per channel; otherwise one mask for all channels
    std::optional<double> lambda = {};  ///< the factor of |M|_1 / |ones|_1, non-negative
    std::optional<double> lr = {};  ///< Adam's learning rate, above 0; with one_cycle, its maximum
    /// PyTorch's OneCycleLR over all steps; the rate rises over the first tenth of them (beta1
    /// changes as well)
    std::optional<bool> one_cycle = {};
    /// Images per step; for image masks, the number of masks learned together.
    std::optional<int64_t> batch_size = {};
    int64_t epochs = 100;  ///< data set, class: the number of passes over the images
    int64_t steps = 1000;  ///< image: the number of Adam's steps
    /// Non-negative; 1e-5 by default, but at most lr / 100, so that a mask is not finished before
    /// it has started to change. A mask is finished after `patience` epochs (for images, steps) in
    /// which its l1 changed by no more than this and enough masked images were classified
    /// correctly. Enough means at least .99 times as many as without the mask or, if each image has
    /// its own mask, the image itself.
    std::optional<double> tolerance = {};
    int64_t patience = 7;  ///< see `tolerance`
    bool predicted_labels =
        false;  ///< use the network's predictions for the clean images in place of the labels
    uint64_t seed = 0;  ///< seeds the order of the images in each epoch
    /// Run the network in bfloat16, which is faster on processors that can multiply bfloat16
    /// numbers.
    bool bfloat16 = false;
    std::function<void(const Progress&)> report =
        {};  ///< called after each epoch or, for images, every 50 steps and after the last one
};

struct Learned {
    /// float32 [K, C or 1, H, W] on the CPU in [0,1], symmetric, zero-frequency component first; K
    /// is 1, the number of classes or the number of images.
    at::Tensor masks;
    at::Tensor l1;     ///< float64 [K]: |M|_1 / |ones|_1
    at::Tensor steps;  ///< int64 [K]: the number of epochs (for images, of steps) taken
};

/// Learns masks for a network without changing the network: it runs in evaluation mode, and no
/// gradients of its parameters are computed. Each mask M starts as ones, and Adam minimises loss +
/// lambda |M|_1 / |ones|_1; M is clipped to [0,1] after each step. Only half of the frequencies are
/// free, because M(-k) = M(k). An image's mask does not depend on the images learned with it
/// (except for rounding). The mask of a class without images stays all ones. Throws Error for an
/// option out of range, images and labels that do not fit the network, and a gradient that is NaN.
Learned learn(model::Model& model, const data::Dataset& dataset, const LearnOptions& options = {});

}  // namespace hfc::mask
