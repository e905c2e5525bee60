// What attacks increase, one number per image.
#pragma once

#include "attack/options.h"

namespace hfc::attack {

/// The classes that a loss needs at least. `targeted`: with a target class for each image.
int64_t classes_needed(Loss loss, bool targeted);

/// Losses of logits [N, classes] that grow as the label (int64 [N]) loses. [N].
at::Tensor untargeted_losses(Loss loss, const at::Tensor& logits, const at::Tensor& labels);

/// Losses that grow as the target class, int64 [N], wins against the label.
at::Tensor targeted_losses(Loss loss, const at::Tensor& logits, const at::Tensor& labels,
                           const at::Tensor& targets);

/// The class with the largest logit but `rank`, the label left out: int64 [N].
at::Tensor likely_wrong_class(const at::Tensor& logits, const at::Tensor& labels, int64_t rank);

}  // namespace hfc::attack
