// How a network's error grows under corruptions: CIFAR-10-C's mean, ImageNet-C's mCE.
#pragma once

#include "corrupt/corrupt.h"
#include "data/dataset.h"
#include "model/inference.h"

#include <functional>
#include <map>
#include <string>
#include <vector>

namespace hfc::corrupt {

struct ErrorOptions {
    std::vector<std::string> kinds;  ///< at least one
    std::vector<int64_t> severities = {1, 2, 3, 4, 5};
    bool alexnet = false;  ///< divide the error of each kind by AlexNet's, as ImageNet-C does
    model::Inference::Options inference = {};
    /// Returns the data set with this kind and severity of corruption applied.
    std::function<data::Dataset(const std::string& kind, int64_t severity)> corrupted;
};

struct KindErrors {
    std::vector<double> errors;  ///< one per severity, in [0,1]
    /// The energy-weighted mean frequency (distance from the zero frequency, in bins) of the
    /// difference between corrupted and clean images, over the first 100 images and all severities.
    double band = 0;
};

struct CorruptionErrors {
    double clean = 0;     ///< the error without corruption
    double mean = 0;      ///< the mean over all kinds and severities
    double relative = 0;  ///< mean - clean
    double mce = 0;       ///< NaN without AlexNet
    std::map<std::string, KindErrors> by;
};

/// Throws Error as model::accuracy() does, and also if there are no kinds or severities or if
/// AlexNet's error is requested for a kind for which none was published.
CorruptionErrors corruption_error(model::Model& model, const data::Dataset& dataset,
                                  const ErrorOptions& options);

}  // namespace hfc::corrupt
