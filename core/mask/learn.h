// Masks that keep the frequencies a trained network needs: Karantzas et al. 2022, 'Understanding
// robustness and generalization of artificial neural networks through Fourier masks'.
#pragma once

#include "data/dataset.h"
#include "model/model.h"

#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace hfc::mask {

/// What one mask is learned for.
enum class Scope { data_set, class_of_images, image };

/// "data set", "class" or "image". Throws Error for anything else.
Scope parse_scope(std::string_view text);

/// What a mask M gives up besides its own size. With d = CE(f(M x), y) - CE(f(x), y):
enum class Loss {
    invariance,  ///< exp(d^2), as in the paper; beyond d^2 = 20 it goes on straight, lest numbers
                 ///< overflow
    cross_entropy,  ///< CE(f(M x), y)
};

/// "invariance" or "cross_entropy". Throws Error for anything else.
Loss parse_loss(std::string_view text);

/// Where a fit stands. Of images it tells of all that are learned together, of those that are done
/// as they were in their last step.
struct Progress {
    int64_t mask =
        0;  ///< the class, or the first image of those learned together; 0 for a data set
    int64_t epoch = 0;    ///< one-based; of images: the step
    double loss = 0;      ///< mean over the images, without the L1 term
    double l1 = 0;        ///< |M|_1 / |ones|_1, the mean over masks
    double accuracy = 0;  ///< share of masked images that are given their label
};

/// What is not set has the default of its scope:
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
    bool per_channel = false;           ///< a mask for each channel; else one for all
    std::optional<double> lambda = {};  ///< factor of |M|_1 / |ones|_1, at least 0
    std::optional<double> lr = {};      ///< of Adam, above 0; with one_cycle its largest
    std::optional<bool> one_cycle =
        {};  ///< PyTorch's OneCycleLR over all steps, a tenth of them rising (it moves beta1 too)
    std::optional<int64_t> batch_size = {};  ///< images a step; of image masks: learned together
    int64_t epochs = 100;                    ///< data set, class: passes over the images
    int64_t steps = 1000;                    ///< image: of Adam
    std::optional<double> tolerance = {};  ///< at least 0; 1e-5, but at most lr / 100, lest a mask
                                           ///< stand still before it has begun. It is
    int64_t patience = 7;  ///< done when its l1 moved by no more than this for `patience` epochs
                           ///< (steps) while masked images were given their labels: .99 times as
                           ///< often as clean ones; an image's own
    bool predicted_labels =
        false;  ///< the network's predictions of the images as they are stand for the labels
    uint64_t seed = 0;      ///< of the order of the images in each epoch
    bool bfloat16 = false;  ///< passes of the network round to 8 bits: faster where the processor
                            ///< multiplies such numbers
    std::function<void(const Progress&)> report =
        {};  ///< after each epoch; of images every 50 steps and the last
};

struct Learned {
    at::Tensor masks;  ///< float32 [K, C or 1, H, W] on the CPU in [0,1], symmetric, zero frequency
                       ///< first; K: 1, classes or images
    at::Tensor l1;     ///< float64 [K]: |M|_1 / |ones|_1
    at::Tensor steps;  ///< int64 [K]: epochs (of images: steps) that it took
};

/// Learns masks for a network, which is left as it is: evaluation mode, no gradient of a parameter.
/// Each mask M begins as ones and makes loss + lambda |M|_1 / |ones|_1 smaller by Adam, cut off to
/// [0,1] after each step. Only half of the frequencies are free, M(-k) = M(k). An image's mask does
/// not depend on the images learned with it (but for rounding). A class without images keeps ones.
/// Throws Error for an option out of range, images and labels that do not fit the network, and a
/// gradient that is not a number.
Learned learn(model::Model& model, const data::Dataset& dataset, const LearnOptions& options = {});

}  // namespace hfc::mask
