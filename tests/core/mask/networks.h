// Networks and images whose answer is known.
#pragma once

#include "frequency/split.h"
#include "train/toy.h"

#include <ATen/ATen.h>

namespace hfc::test {

/// tanh(3 x - 1.5) times a matrix: the network of make_mask.py.
inline std::shared_ptr<FunctionModel> tanh_model(const at::Tensor& weight) {
    return std::make_shared<FunctionModel>(
        weight.to(at::kFloat), [](const at::Tensor& w, const at::Tensor& images) {
            return at::linear(at::tanh(3 * images - 1.5).flatten(1), w);
        });
}

constexpr int64_t band_classes = 4, band_size = 16;
constexpr double band_least = 3, band_most = 5;

/// Ones at the frequencies that carry the label of band_images().
inline at::Tensor band_mask() {
    return frequency::radial_mask(band_size, band_size, band_most) -
           frequency::radial_mask(band_size, band_size, band_least);
}

/// A fixed random pattern of each class with frequencies in the band alone: float32 [classes, 1,
/// size, size].
inline at::Tensor band_patterns() {
    const auto raw = formula_values(band_classes * band_size * band_size, 21)
                         .reshape({band_classes, 1, band_size, band_size});
    const auto x = raw.to(at::kFloat) - 0.5;
    const auto pattern = frequency::low_pass(x, band_most) - frequency::low_pass(x, band_least);
    return pattern / pattern.std({1, 2, 3}, true, true);
}

/// Images of a class's pattern under noise of all frequencies: the band alone carries the label.
inline std::pair<at::Tensor, at::Tensor> band_images(int64_t count, uint64_t seed) {
    const auto labels = at::arange(count).remainder(band_classes);
    const auto noise = formula_values(count * band_size * band_size, 100 + seed)
                           .reshape({count, 1, band_size, band_size})
                           .to(at::kFloat);
    return {0.5 + 0.12 * band_patterns().index_select(0, labels) + 0.4 * (noise - 0.5), labels};
}

/// Compares images with each class's pattern: it reads the band and nothing else, and knows nothing
/// of masks.
inline std::shared_ptr<FunctionModel> band_model() {
    return std::make_shared<FunctionModel>(band_patterns().flatten(1) * 0.15,
                                           [](const at::Tensor& weight, const at::Tensor& images) {
                                               return at::linear(images.flatten(1), weight);
                                           });
}

}  // namespace hfc::test
