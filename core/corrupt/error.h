// How a network's error grows with corruptions: CIFAR-10-C's mean, ImageNet-C's mCE.
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
    /// The data set through a kind and severity.
    std::function<data::Dataset(const std::string& kind, int64_t severity)> corrupted;
};

struct KindErrors {
    std::vector<double> errors;  ///< of each severity, in [0,1]
    /// Where the energy of corrupted - clean lies: its mean distance from frequency zero, in bins,
    /// over the first 100 images and all severities.
    double band = 0;
};

struct CorruptionErrors {
    double clean = 0;     ///< the error without corruption
    double mean = 0;      ///< of all kinds and severities
    double relative = 0;  ///< mean - clean
    double mce = 0;       ///< NaN without AlexNet
    std::map<std::string, KindErrors> by;
};

/// Throws Error for no kind or severity, a kind without a published error of AlexNet where it is
/// asked for, and as model::accuracy() does.
CorruptionErrors corruption_error(model::Model& model, const data::Dataset& dataset,
                                  const ErrorOptions& options);

}  // namespace hfc::corrupt
