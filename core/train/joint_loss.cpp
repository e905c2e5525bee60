#include "train/joint_loss.h"

#include "base/error.h"

#include <ATen/ATen.h>

namespace hfc::train {
namespace {

void require_same_terms(parallel::Group& group, const std::vector<BatchLoss>& batches) {
    for (const auto& batch : batches) {
        const auto terms = static_cast<int64_t>(batch.loss.terms.size());
        const auto most = group.agree({terms, -terms});
        require(most[0] == -most[1], "the loss has {} terms in one process, but {} in another",
                -most[1], most[0]);
    }
}

}  // namespace

void join_losses(parallel::Group& group, std::vector<BatchLoss>& batches) {
    if (group.size() == 1) {
        return;
    }
    require_same_terms(group, batches);
    std::vector<double> sums;
    for (const auto& [loss, images, all_images] : batches) {
        const auto weight = static_cast<double>(images);
        sums.push_back(loss.total.item<double>() * weight);
        for (const auto& [name, term] : loss.terms) {
            sums.push_back(term.item<double>() * weight);
        }
    }
    auto all = at::tensor(sums, at::kDouble);
    group.all_reduce(all, parallel::Reduction::sum);
    int64_t next = 0;
    for (auto& batch : batches) {
        const auto images = static_cast<double>(batch.all_images);
        batch.images = batch.all_images;
        batch.loss.total = all[next++] / images;
        for (auto& [name, term] : batch.loss.terms) {
            term = all[next++] / images;
        }
    }
}

}  // namespace hfc::train
