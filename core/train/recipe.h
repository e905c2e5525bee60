// What a batch goes through before the step, and the loss of it: augmentation, adversarial
// training, mix-up.
#pragma once

#include "train/train.h"

namespace hfc::train {

/// A batch as it is trained on.
struct Lesson {
    at::Tensor images;        ///< on the training's device
    at::Tensor labels;        ///< there too
    at::Tensor mixed_labels;  ///< mix-up: of the images mixed in; undefined without
    double share = 1;         ///< of the first labels in the loss
};

/// Throws Error for a setting out of range, and for mix-up together with adversarial training.
void require_valid_recipe(const TrainOptions& options);

/// Augmentation, then the attack or mix-up, as `options` ask. What is random depends on
/// options.seed, the epoch and the batch alone, so that a training that goes on from a checkpoint
/// meets the same. The model is as it was afterwards. `epoch` is one-based, `batch` not.
Lesson prepare(model::Model& model, const data::Batch& batch, const TrainOptions& options,
               int64_t epoch, int64_t batch_number);

/// Mean cross-entropy; with mix-up of both labels by their shares.
at::Tensor loss_of(const at::Tensor& logits, const Lesson& lesson);

}  // namespace hfc::train
