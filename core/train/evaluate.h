// Accuracy of a network on data sets.
#pragma once

#include "data/dataset.h"
#include "model/model.h"

#include <functional>
#include <string>
#include <utility>
#include <vector>

namespace hfc::train {

/// Images a forward pass when no gradient is needed: the fastest size on the machines measured
/// (caches).
constexpr int64_t evaluation_batch = 100;

/// The share of images, in [0,1], whose largest logit is at the label. Evaluation mode, no
/// gradients; the model's mode is restored. Asks check_interrupt() between batches. Throws Error
/// for a batch size below 1, for images the model cannot take and for a label beyond the model's
/// logits.
double accuracy(model::Model& model, const data::Dataset& dataset,
                int64_t batch_size = evaluation_batch);

/// A data set whose accuracy is followed during training.
struct Probe {
    std::string name;
    data::Dataset dataset;
};

/// The accuracy of each probe, in order. Probes on the same images under the same labels share
/// reading and the forward transform. `after_batch`, if given, is called with the share done, in
/// (0,1], after each forward pass.
std::vector<double> accuracies(model::Model& model, const std::vector<Probe>& probes,
                               int64_t batch_size = evaluation_batch,
                               const std::function<void(double)>& after_batch = {});

/// The model's logits for a batch of `dataset`, with the errors of images it cannot take put in
/// words that name the data set. images: CPU float [n, C, H, W]; they go to the model's device,
/// channels_last. max_label: the data set's largest label.
at::Tensor logits_of(model::Model& model, const at::Tensor& images, at::Device device,
                     const data::Dataset& dataset, int64_t max_label);

}  // namespace hfc::train
