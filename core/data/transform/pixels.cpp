#include "data/transform/pixels.h"

#include "base/error.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>
#include <utility>

namespace hfc::data {

void GreyTransform::apply(TransformBatch& batch) const {
    const auto& x = batch.images;
    if (x.size(1) == 1) {
        return;
    }
    require(x.size(1) == 3, "only RGB images can be converted to grey, got {} channels", x.size(1));
    batch.images =
        x.narrow(1, 0, 1).mul(0.299).add(x.narrow(1, 1, 1), 0.587).add(x.narrow(1, 2, 1), 0.114);
}

bool GreyTransform::same_as(const Transform& other) const {
    return dynamic_cast<const GreyTransform*>(&other) != nullptr;
}

StandardiseTransform::StandardiseTransform(std::vector<double> mean, std::vector<double> deviation,
                                           int64_t channels)
    : mean_(std::move(mean)), deviation_(std::move(deviation)) {
    const auto count = static_cast<int64_t>(mean_.size());
    require(mean_.size() == deviation_.size() && (count == 1 || count == channels),
            "expected one mean and one deviation, or {} of each (one per channel), got {} and {}",
            channels, mean_.size(), deviation_.size());
    const auto is_finite = [](double value) { return std::isfinite(value); };
    require(std::ranges::all_of(mean_, is_finite), "each mean must be finite, got {}",
            fmt::join(mean_, ", "));
    require(std::ranges::all_of(deviation_,
                                [&](double value) { return is_finite(value) && value > 0; }),
            "each deviation must be a finite number above 0, got {}", fmt::join(deviation_, ", "));
}

void StandardiseTransform::apply(TransformBatch& batch) const {
    const auto of_channels = [&](const std::vector<double>& values) {
        return at::tensor(values, batch.images.options()).view({1, -1, 1, 1});
    };
    batch.images = (batch.images - of_channels(mean_)) / of_channels(deviation_);
}

std::string StandardiseTransform::describe() const {
    return fmt::format("standardised by {} and {}", fmt::join(mean_, ", "),
                       fmt::join(deviation_, ", "));
}

bool StandardiseTransform::same_as(const Transform& other) const {
    const auto* const same = dynamic_cast<const StandardiseTransform*>(&other);
    return same != nullptr && same->mean_ == mean_ && same->deviation_ == deviation_;
}

}  // namespace hfc::data
