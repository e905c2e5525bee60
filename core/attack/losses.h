// The losses that attacks increase, one number per image.
#pragma once

#include "attack/options.h"

namespace hfc::attack {

/// The smallest number of classes for which the loss is defined. `targeted`: whether there is a
/// target class for each image.
int64_t classes_needed(Loss loss, bool targeted);

/// Losses [N] for logits [N, classes]. They grow as the logit of the label (int64 [N]) falls
/// relative to the other logits.
at::Tensor untargeted_losses(Loss loss, const at::Tensor& logits, const at::Tensor& labels);

/// Losses that grow as the logit of the target class (int64 [N]) rises relative to the logit of the
/// label.
at::Tensor targeted_losses(Loss loss, const at::Tensor& logits, const at::Tensor& labels,
                           const at::Tensor& targets);

/// The class with the `rank`-th largest logit (from 0), not counting the label: int64 [N].
at::Tensor likely_wrong_class(const at::Tensor& logits, const at::Tensor& labels, int64_t rank);

}  // namespace hfc::attack
