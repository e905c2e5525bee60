#include "train/running_loss.h"

#include "base/error.h"

#include <ATen/ATen.h>

#include <cmath>

namespace hfc::train {
namespace {
constexpr size_t group_size = 32;
}

void RunningLoss::add(const at::Tensor& loss, int64_t images, const Terms& terms) {
    waiting_.push_back(loss.detach());
    waiting_images_.push_back(images);
    auto& waiting = waiting_terms_.emplace_back();
    for (const auto& [name, term] : terms) {
        waiting.emplace_back(name, term.detach());
    }
    if (loss.is_cpu() || waiting_.size() >= group_size) {
        flush();
    }
}

void RunningLoss::flush() {
    if (waiting_.empty()) {
        return;
    }
    const auto losses = at::stack(waiting_).to(at::kCPU, at::kDouble);
    for (size_t i = 0; i < waiting_.size(); ++i) {
        const auto loss = losses.const_data_ptr<double>()[i];
        ++read_.batches;
        const bool first = epoch_ == 1 && read_.batches == 1;
        require(std::isfinite(loss), "the loss is {} at epoch {}, batch {}; {}",
                std::isnan(loss) ? "nan" : "infinite", epoch_, read_.batches,
                first ? "are the weights and the images finite?"
                      : fmt::format("an lr below {} may help", lr_));
        read_.sum += loss * static_cast<double>(waiting_images_[i]);
        read_.images += waiting_images_[i];
        for (const auto& [name, term] : waiting_terms_[i]) {
            read_.terms[name] += term.item<double>() * static_cast<double>(waiting_images_[i]);
        }
    }
    waiting_.clear();
    waiting_images_.clear();
    waiting_terms_.clear();
}

double RunningLoss::mean() const {
    return read_.images == 0 ? 0 : read_.sum / static_cast<double>(read_.images);
}

std::vector<std::pair<std::string, double>> RunningLoss::term_means() const {
    std::vector<std::pair<std::string, double>> means;
    for (const auto& [name, sum] : read_.terms) {
        means.emplace_back(name, sum / static_cast<double>(read_.images));
    }
    return means;
}

}  // namespace hfc::train
