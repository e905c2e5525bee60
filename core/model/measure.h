// Measures networks on data sets. The processes of parallel::world() share the batches and all get
// the same numbers.
#pragma once

#include "data/dataset.h"
#include "model/inference.h"

#include <functional>
#include <string>
#include <vector>

namespace hfc::model {

struct MeasureOptions {
    Inference::Options inference = {};
    /// accuracy() and accuracies(): an image counts as correct if its label is among the `top`
    /// classes with the largest logits.
    int64_t top = 1;
    /// logits() and predict(): whether the data set's labels must be classes of the model.
    bool labelled = false;
    /// logits() and predict(): a function that is applied to each batch; `first` is the number of
    /// its first image.
    std::function<at::Tensor(const at::Tensor& images, int64_t first)> through = {};
    std::function<void(double)> after_batch = {};  ///< called with the fraction done, in (0,1]
    /// accuracies(): called for each batch that this process measures, with the number of the
    /// probe, the position of the batch's first image in the probe, and the logits (on the model's
    /// device).
    std::function<void(size_t probe, int64_t begin, const at::Tensor& logits)> seen = {};
};

/// The fraction of images, in [0,1], that are classified correctly. Runs in evaluation mode without
/// gradients and restores the model's mode. Calls check_interrupt() between batches. Throws Error
/// for an option out of range, for images that the model does not accept, for a label for which the
/// model has no logit, and for logits that are NaN or infinite.
double accuracy(Model& model, const data::Dataset& dataset, const MeasureOptions& options = {});

struct Predictions {
    at::Tensor classes;      ///< int64 [N] on the CPU: the class with the largest logit
    at::Tensor confidences;  ///< float32 [N]: the softmax probability of this class
};

/// Returns the model's predictions for the images. Throws Error as accuracy() does.
Predictions predict(Model& model, const data::Dataset& dataset, const MeasureOptions& options = {});

/// Returns the model's logits for all images: [N, classes] on the CPU. Throws Error as accuracy()
/// does.
at::Tensor logits(Model& model, const data::Dataset& dataset, const MeasureOptions& options = {});

/// A data set whose accuracy is measured during training.
struct Probe {
    std::string name;
    data::Dataset dataset;
};

/// The accuracy of each probe, in order. If probes have the same images and labels, these images
/// are read and Fourier-transformed only once, unless BatchNorm's statistics are adapted to each
/// probe.
std::vector<double> accuracies(Model& model, const std::vector<Probe>& probes,
                               const MeasureOptions& options = {});

}  // namespace hfc::model
