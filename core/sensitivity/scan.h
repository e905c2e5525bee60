// One frequency after the other: what a network makes of images that each is added to, or taken
// from.
#pragma once

#include "data/dataset.h"
#include "model/inference.h"

#include <functional>
#include <optional>

namespace hfc::sensitivity {

struct ScanOptions {
    /// The largest frequency visited in each direction, in bins, at least 0; the others are NaN in
    /// the map. Nothing: all.
    std::optional<int64_t> reach = {};
    model::Inference::Options inference = {};
    std::function<void(double)> after_batch = {};  ///< called with the share done, in (0,1]
};

struct HeatMapOptions {
    double epsilon = 4;  ///< L2 norm of the noise in each channel, of pixels in [0,1]; 4 for
                         ///< CIFAR-10 in Yin et al.
    uint64_t seed = 0;   ///< of the signs, which each image takes along into every view and batch
    ScanOptions scan = {};
};

/// The Fourier heat map of Yin et al. 2019 ('A Fourier perspective on model robustness in computer
/// vision'): the error of the network when each image gets noise of one frequency, x + epsilon s U,
/// cut off to [0,1], the range of pixels: what lies outside before the noise is cut off too. U is
/// the real basis image of unit L2 norm whose transform is not zero at k and -k alone, with phase
/// 0, and s is a random sign for each image and channel, the same for all frequencies. Float64 [H,
/// W] in [0,1] on the CPU, zero frequency first. U is the same for k and -k, so half of the
/// frequencies are computed. Throws Error for an option out of range, and for images or labels that
/// do not fit the network.
at::Tensor heat_map(model::Model& model, const data::Dataset& dataset,
                    const HeatMapOptions& options = {});

/// How much each frequency matters to a class: the rise of the mean cross-entropy of the class's
/// images when this frequency, k and -k in all channels, is taken from them (Wang et al. 2023,
/// 'What do neural networks learn in image classification? A frequency shortcut perspective').
/// Float64 [classes, H, W] on the CPU, zero frequency first; NaN for a class without images and
/// beyond the reach.
at::Tensor dominant(model::Model& model, const data::Dataset& dataset,
                    const ScanOptions& options = {});

/// U of heat_map(): float32 [H, W].
at::Tensor basis_image(int64_t height, int64_t width, int64_t row, int64_t column,
                       at::Device device = at::kCPU);

}  // namespace hfc::sensitivity
