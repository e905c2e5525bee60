// What a network makes of data sets. The processes of parallel::world() share the batches and all
// get the same numbers.
#pragma once

#include "data/dataset.h"
#include "model/inference.h"

#include <functional>
#include <string>
#include <vector>

namespace hfc::model {

struct MeasureOptions {
    Inference::Options inference = {};
    int64_t top = 1;  ///< accuracy: the label is among the classes of so many largest logits
    /// logits, predict: whether the data set's labels must be classes of the model.
    bool labelled = false;
    /// logits, predict: what a batch is seen through; `first` is the number of its first image.
    std::function<at::Tensor(const at::Tensor& images, int64_t first)> through = {};
    std::function<void(double)> after_batch = {};  ///< called with the fraction done, in (0,1]
    /// accuracies: called with a probe's number, and the place and the logits, on the model's
    /// device, of images of it that this process of the job measures.
    std::function<void(size_t probe, int64_t begin, const at::Tensor& logits)> seen = {};
};

/// The fraction of images, in [0,1], whose largest logit is at the label. Evaluation mode, no
/// gradients; the model's mode is restored. Asks check_interrupt() between batches. Throws Error
/// for an option out of range, for images the model cannot take, for a label beyond the model's
/// logits and for logits that are NaN or infinite.
double accuracy(Model& model, const data::Dataset& dataset, const MeasureOptions& options = {});

struct Predictions {
    at::Tensor classes;      ///< int64 [N] on the CPU: the largest logit
    at::Tensor confidences;  ///< float32 [N]: its softmax probability
};

/// What the model takes the images for. Throws Error as accuracy() does.
Predictions predict(Model& model, const data::Dataset& dataset, const MeasureOptions& options = {});

/// The model's logits of all images: [N, classes] on the CPU. Throws Error as accuracy() does.
at::Tensor logits(Model& model, const data::Dataset& dataset, const MeasureOptions& options = {});

/// A data set whose accuracy is followed during training.
struct Probe {
    std::string name;
    data::Dataset dataset;
};

/// The accuracy of each probe, in order. Probes on the same images under the same labels share
/// reading and the forward transform, unless BatchNorm's statistics are adapted to each.
std::vector<double> accuracies(Model& model, const std::vector<Probe>& probes,
                               const MeasureOptions& options = {});

}  // namespace hfc::model
