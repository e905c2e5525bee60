#include "attack/evaluation.h"

#include "base/dtype_name.h"
#include "base/error.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

namespace hfc::attack {

Pass& Evaluation::pass() {
    if (!pass_) {
        pass_ = network_.forward(images_);
        rows_ = at::Tensor();
        logits_ = pass_->logits.detach();
    }
    return *pass_;
}

const at::Tensor& Evaluation::logits() {
    if (!logits_.defined() && graph_) {
        pass();
    } else if (!logits_.defined()) {
        logits_ = network_.logits(images_);
    }
    return logits_;
}

at::Tensor Evaluation::kept_rows(const at::Tensor& gradient) const {
    const at::NoGradGuard no_grad;
    return rows_.defined() ? gradient.index_select(0, rows_) : gradient;
}

const at::Tensor& Evaluation::gradient() {
    if (!gradient_.defined()) {
        gradient_ = kept_rows(network_.gradient(pass(), labels_));
        pass_.reset();
    }
    return gradient_;
}

at::Tensor Evaluation::gradient_of(const LossFunction& losses) {
    auto gradient = kept_rows(network_.gradient(pass(), losses));
    pass_.reset();
    return gradient;
}

at::Tensor Evaluation::class_gradients(const at::Tensor& classes) {
    const auto count = logits().size(1);
    const auto chosen =
        classes.defined()
            ? classes.to(labels_.device())
            : at::arange(count, labels_.options()).expand({images_.size(0), count}).contiguous();
    require(chosen.dim() == 2 && chosen.scalar_type() == at::kLong &&
                chosen.size(0) == images_.size(0) && chosen.size(1) > 0,
            "classes must be an int64 tensor [{}, K], got {} [{}]", images_.size(0),
            dtype_name(chosen.scalar_type()), fmt::join(chosen.sizes(), ", "));
    require(chosen.numel() == 0 || chosen.ge(0).logical_and(chosen.lt(count)).all().item<bool>(),
            "classes must be between 0 and {}", count - 1);
    auto gradients = kept_rows(network_.class_gradients(pass(), chosen));
    pass_.reset();
    return gradients;
}

void Evaluation::keep(const at::Tensor& rows) {
    const auto before = images_.size(0);
    const auto layout = images_.suggest_memory_format();
    for (auto* tensor : {&images_, &labels_, &logits_, &gradient_}) {
        if (tensor->defined()) {
            *tensor = tensor->index_select(0, rows);
        }
    }
    images_ = images_.contiguous(layout);
    if (!pass_ || rows.size(0) == before) {
        return;
    }
    if (2 * rows.size(0) < before) {
        // If fewer than half of the images remain, a second forward pass costs less than a backward
        // pass for all of them.
        pass_.reset();
        return;
    }
    // Uses only the logits of the kept rows. The rows that were dropped get a gradient of zeros,
    // which kept_rows() removes.
    const at::AutoGradMode with_grad(true);
    pass_->logits = pass_->logits.index_select(0, rows);
    rows_ = rows_.defined() ? rows_.index_select(0, rows) : rows;
}

}  // namespace hfc::attack
