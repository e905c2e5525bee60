// Scans frequencies one by one: measures a network on images to which each frequency is added, or
// from which it is removed.
#pragma once

#include "data/dataset.h"
#include "model/inference.h"

#include <functional>
#include <optional>

namespace hfc::sensitivity {

struct ScanOptions {
    /// The largest frequency visited in each direction, in bins, non-negative; frequencies beyond
    /// it are NaN in the map. If unset, all frequencies are visited.
    std::optional<int64_t> reach = {};
    model::Inference::Options inference = {};
    std::function<void(double)> after_batch = {};  ///< called with the fraction done, in (0,1]
};

struct HeatMapOptions {
    /// The L2 norm of the noise in each channel, for pixels in [0,1]; Yin et al. use 4 for
    /// CIFAR-10.
    double epsilon = 4;
    /// Seeds the signs; an image has the same signs in every view and batch.
    uint64_t seed = 0;
    ScanOptions scan = {};
};

/// The Fourier heat map of Yin et al. 2019 ('A Fourier perspective on model robustness in computer
/// vision'): the network's error when noise of a single frequency is added to each image. The noisy
/// image is x + epsilon s U, clipped to [0,1]; pixels of x outside this range are also clipped. U
/// is the real basis image of unit L2 norm with phase 0 whose transform is nonzero only at k and
/// -k. s is a random sign for each image and channel, the same for all frequencies. Float64 [H, W]
/// in [0,1] on the CPU, zero-frequency component first. U is the same for k and -k, so only half of
/// the frequencies are computed. Throws Error for an option out of range, and for images or labels
/// that do not fit the network.
at::Tensor heat_map(model::Model& model, const data::Dataset& dataset,
                    const HeatMapOptions& options = {});

/// How much each frequency matters to a class: the increase in the mean cross-entropy of the
/// class's images when this frequency (k and -k in all channels) is removed from them (Wang et al.
/// 2023, 'What do neural networks learn in image classification? A frequency shortcut
/// perspective'). Float64 [classes, H, W] on the CPU, zero-frequency component first; NaN for
/// classes without images and for frequencies beyond options.reach.
at::Tensor dominant(model::Model& model, const data::Dataset& dataset,
                    const ScanOptions& options = {});

/// U in heat_map(): float32 [H, W].
at::Tensor basis_image(int64_t height, int64_t width, int64_t row, int64_t column,
                       at::Device device = at::kCPU);

}  // namespace hfc::sensitivity
