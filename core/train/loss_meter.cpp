#include "train/loss_meter.h"

#include "base/error.h"

#include <ATen/ATen.h>

#include <cmath>

namespace hfc::train {
namespace {
constexpr size_t group_size = 32;
}

void LossMeter::add(const at::Tensor& loss, int64_t images) {
    waiting_.push_back(loss.detach());
    waiting_images_.push_back(images);
    if (loss.is_cpu() || waiting_.size() >= group_size) {
        flush();
    }
}

void LossMeter::flush() {
    if (waiting_.empty()) {
        return;
    }
    const auto losses = at::stack(waiting_).to(at::kCPU, at::kDouble);
    for (size_t i = 0; i < waiting_.size(); ++i) {
        const auto loss = losses.const_data_ptr<double>()[i];
        ++read_.batches;
        require(std::isfinite(loss),
                "hfc.train: the loss is {} at epoch {}, batch {}; a smaller lr than {} may help",
                std::isnan(loss) ? "nan" : "infinite", epoch_, read_.batches, lr_);
        read_.sum += loss * static_cast<double>(waiting_images_[i]);
        read_.images += waiting_images_[i];
    }
    waiting_.clear();
    waiting_images_.clear();
}

double LossMeter::mean() const {
    return read_.images == 0 ? 0 : read_.sum / static_cast<double>(read_.images);
}

}  // namespace hfc::train
