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

/// Augmentation, then the attack or mix-up, as `options` ask. What augmentation and the attack draw
/// for an image depends on options.seed, the epoch and the image's index in its source alone
/// (batch.samples): not on the batch size or on the images beside it. Mix-up keeps the method of
/// Zhang et al. 2018, one mixing coefficient and one permutation for a batch: the coefficient
/// depends on seed, epoch and the index of the batch's first image, the partner of an image on
/// seed, epoch and the indices of the batch's images, whatever their order. The model is as it was
/// afterwards. `epoch` is one-based.
Lesson prepare(model::Model& model, const data::Batch& batch, const TrainOptions& options,
               int64_t epoch);

/// Mean cross-entropy; with mix-up of both labels by their shares.
at::Tensor loss_of(const at::Tensor& logits, const Lesson& lesson);

}  // namespace hfc::train
