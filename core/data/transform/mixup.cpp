#include "data/transform/mixup.h"

#include "base/error.h"
#include "base/random.h"

#include <ATen/ATen.h>

#include <cmath>

namespace hfc::data {
namespace {

/// For each image of a batch, the position of the image that is mixed in: a random permutation. It
/// depends only on the samples, so the same images are mixed whatever their positions in the batch.
at::Tensor partners_of(const at::Tensor& samples, uint64_t seed) {
    const auto order = [&](const char* purpose) {
        const auto keys = uniform_by_sample(samples, 1, seed, purpose).squeeze(1);
        return at::argsort(keys, /*stable=*/true, /*dim=*/0, /*descending=*/false);
    };
    return at::empty_like(samples).index_copy_(0, order("mix-up order"), order("mix-up partner"));
}

at::Tensor mixed(const at::Tensor& values, double lambda, const at::Tensor& partners) {
    return values * lambda + values.index_select(0, partners) * (1 - lambda);
}

}  // namespace

MixUp::MixUp(double alpha, int64_t classes) : alpha_(alpha), classes_(classes) {
    require(std::isfinite(alpha) && alpha > 0,
            "mixup (alpha) must be a finite number above 0, got {}", alpha);
}

void MixUp::apply(TransformBatch& batch) const {
    const auto seed = seed_of(batch.draw);
    const auto first = batch.samples[0].item<int64_t>();
    const auto shares =
        at::_sample_dirichlet(at::full({2}, alpha_, at::kDouble),
                              make_generator(seed, fmt::format("mix-up share {}", first)));
    const auto lambda = shares[0].item<double>();
    const auto partners = partners_of(batch.samples, seed).to(batch.images.device());
    const auto probabilities = at::one_hot(batch.labels, classes_).to(at::kFloat);
    batch.images = mixed(batch.images, lambda, partners);
    batch.labels = mixed(probabilities, lambda, partners);
}

std::string MixUp::describe() const {
    return fmt::format("mix-up alpha {}", alpha_);
}

}  // namespace hfc::data
