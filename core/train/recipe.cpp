#include "train/recipe.h"

#include "attack/settings.h"
#include "base/error.h"
#include "base/random.h"

#include <ATen/ATen.h>

#include <cmath>

namespace hfc::train {
namespace {

uint64_t seed_of(const TrainOptions& options, int64_t epoch) {
    return derive_seed(options.seed, fmt::format("epoch {}", epoch));
}

/// For each position of a batch the position that is mixed in: a random permutation. Both orders
/// follow the samples, so the same images are mixed wherever they stand in the batch.
at::Tensor partners_of(const at::Tensor& samples, uint64_t seed) {
    const auto order = [&](const char* purpose) {
        const auto keys = uniform_by_sample(samples, 1, seed, purpose).squeeze(1);
        return at::argsort(keys, /*stable=*/true, /*dim=*/0, /*descending=*/false);
    };
    return at::empty_like(samples).index_copy_(0, order("mix-up order"), order("mix-up partner"));
}

/// One share and one order for the batch, as in the authors' code (Zhang et al. 2018).
void mix(Lesson& lesson, const at::Tensor& samples, double alpha, uint64_t seed) {
    const auto first = samples[0].item<int64_t>();
    const auto shares =
        at::_sample_dirichlet(at::full({2}, alpha, at::kDouble),
                              make_generator(seed, fmt::format("mix-up share {}", first)));
    lesson.share = shares[0].item<double>();
    const auto order = partners_of(samples, seed).to(lesson.images.device());
    lesson.images =
        lesson.images * lesson.share + lesson.images.index_select(0, order) * (1 - lesson.share);
    lesson.mixed_labels = lesson.labels.index_select(0, order);
}

}  // namespace

void require_valid_recipe(const TrainOptions& options) {
    require(std::isfinite(options.mixup) && options.mixup >= 0,
            "hfc.train: mixup must be an alpha of at least 0, got {}", options.mixup);
    require(options.mixup == 0 || !options.adversarial,
            "hfc.train: mixup and adversarial exclude each other; both are given");
    data::require_valid_augment(options.augment, "hfc.train: option augment");
    if (options.adversarial) {
        attack::resolve(*options.adversarial);
    }
}

Lesson prepare(model::Model& model, const data::Batch& batch, const TrainOptions& options,
               int64_t epoch) {
    Lesson lesson{batch.images.to(options.device), batch.labels.to(options.device), {}, 1};
    const auto samples = sample_indices(batch.samples, batch.images.size(0), "hfc.train");
    const auto seed = seed_of(options, epoch);
    if (options.augment.any()) {
        auto augment = options.augment;
        augment.seed = seed;
        lesson.images = data::augment(lesson.images, augment, samples);
    }
    if (options.adversarial) {
        auto settings = *options.adversarial;
        settings.seed = seed;
        lesson.images = attack::perturb(model, lesson.images, lesson.labels, settings, {}, samples);
    }
    if (options.mixup > 0) {
        mix(lesson, samples, options.mixup, seed);
    }
    return lesson;
}

at::Tensor loss_of(const at::Tensor& logits, const Lesson& lesson) {
    const auto loss = at::cross_entropy_loss(logits, lesson.labels);
    if (!lesson.mixed_labels.defined()) {
        return loss;
    }
    return loss * lesson.share +
           at::cross_entropy_loss(logits, lesson.mixed_labels) * (1 - lesson.share);
}

}  // namespace hfc::train
