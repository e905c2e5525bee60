#include "model/metrics.h"

#include "base/error.h"

#include <ATen/ATen.h>

namespace hfc::model {

at::Tensor cross_entropies(const at::Tensor& logits, const at::Tensor& labels) {
    return at::cross_entropy_loss(logits, labels.to(logits.device()), {}, at::Reduction::None);
}

at::Tensor is_right(const at::Tensor& logits, const at::Tensor& labels, int64_t top) {
    require(top >= 1 && top <= logits.size(1),
            "'top' must be between 1 and {} (the number of classes), got {}", logits.size(1), top);
    const auto label = labels.to(logits.device());
    if (top == 1) {
        return logits.argmax(1).eq(label);
    }
    const auto at_label = label.unsqueeze(1);
    const auto own = logits.gather(1, at_label);
    const auto classes = at::arange(logits.size(1), label.options());
    const auto before = logits.gt(own).logical_or(logits.eq(own).logical_and(classes.lt(at_label)));
    return before.sum(1).lt(top);
}

at::Tensor confusion_matrix(const at::Tensor& logits, const at::Tensor& labels) {
    const auto classes = logits.size(1);
    const auto label = labels.to(logits.device());
    if (label.numel() > 0) {
        const auto [lowest, highest] = label.aminmax();
        require(lowest.item<int64_t>() >= 0 && highest.item<int64_t>() < classes,
                "labels must be between 0 and {} (the model's classes), got {} to {}", classes - 1,
                lowest.item<int64_t>(), highest.item<int64_t>());
    }
    return at::bincount(label * classes + logits.argmax(1), {}, classes * classes)
        .view({classes, classes})
        .cpu();
}

at::Tensor class_accuracies(const at::Tensor& logits, const at::Tensor& labels) {
    const auto counts = confusion_matrix(logits, labels).to(at::kDouble);
    return counts.diagonal() / counts.sum(1);  // 0 / 0 is NaN
}

double calibration_error(const at::Tensor& logits, const at::Tensor& labels, int64_t bins) {
    require(bins >= 1, "bins must be at least 1, got {}", bins);
    require(logits.size(0) > 0, "the calibration error requires at least one image");
    const auto [confidence, predicted] = logits.to(at::kDouble).softmax(1).max(1);
    const auto right = predicted.eq(labels.to(logits.device())).to(at::kDouble);
    const auto bin = (confidence * static_cast<double>(bins)).ceil().sub(1).clamp(0, bins - 1);
    const auto sums = at::zeros({bins}, right.options());
    sums.index_add_(0, bin.to(at::kLong), right - confidence);
    return sums.abs().sum().item<double>() / static_cast<double>(logits.size(0));
}

}  // namespace hfc::model
