// Whether a linear classifier reads labels from features: from masks, what an image is or which
// network they belong to.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>

namespace hfc::sensitivity {

struct ProbeOptions {
    double weight_decay = 1e-2;  ///< factor of half the squared weights, at least 0
    int64_t steps = 300;         ///< of Adam on all examples at once
    double lr = 1e-2;
    bool scrambled = false;  ///< the control: training labels permuted by `seed`
    uint64_t seed = 0;
};

struct ProbeResult {
    double train = 0;  ///< accuracy on the training features under their (scrambled) labels
    double test = 0;
};

/// Multinomial logistic regression on standardised features (mean and deviation of the training
/// set). features: [N, ...] of a floating dtype; labels: int64 [N]. Throws Error for shapes that do
/// not fit, features that are not finite, and an option out of range.
ProbeResult linear_probe(const at::Tensor& train_features, const at::Tensor& train_labels,
                         const at::Tensor& test_features, const at::Tensor& test_labels,
                         const ProbeOptions& options = {});

}  // namespace hfc::sensitivity
