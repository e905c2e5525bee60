// Tests whether a linear classifier can predict labels from features. For example, masks are the
// features, and each mask's class or network is its label.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>

namespace hfc::sensitivity {

struct ProbeOptions {
    double weight_decay = 1e-2;  ///< the factor of half the squared weights, non-negative
    int64_t steps = 300;         ///< Adam's steps, each on all examples at once
    double lr = 1e-2;
    bool scrambled = false;  ///< the control: permutes the training labels with `seed`
    uint64_t seed = 0;
};

struct ProbeResult {
    double train = 0;  ///< accuracy on the training features with their (scrambled) labels
    double test = 0;
};

/// Multinomial logistic regression on standardised features (with the mean and standard deviation
/// of the training set). features: [N, ...] with a floating-point dtype; labels: int64 [N]. Throws
/// Error for shapes that do not match, features that are not finite, and an option out of range.
ProbeResult linear_probe(const at::Tensor& train_features, const at::Tensor& train_labels,
                         const at::Tensor& test_features, const at::Tensor& test_labels,
                         const ProbeOptions& options = {});

}  // namespace hfc::sensitivity
