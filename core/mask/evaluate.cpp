#include "mask/evaluate.h"

#include "base/error.h"
#include "mask/operator.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>
#include <limits>

namespace hfc::mask {

namespace {

model::MeasureOptions seen_through(const at::Tensor& mask, const data::Dataset& dataset,
                                   const model::Inference::Options& options) {
    model::MeasureOptions measure{options};
    if (mask.defined()) {
        const bool each = mask.dim() == 4 && mask.size(0) != 1;
        require(!each || mask.size(0) == dataset.size(),
                "expected one mask, or one mask for each of the {} images; got shape [{}]",
                dataset.size(), fmt::join(mask.sizes(), ", "));
        measure.through = [mask, each](const at::Tensor& images, int64_t first) {
            return apply(images, each ? mask.slice(0, first, first + images.size(0)) : mask);
        };
    }
    return measure;
}

}  // namespace

model::Predictions predict_masked(model::Model& model, const data::Dataset& dataset,
                                  const at::Tensor& mask,
                                  const model::Inference::Options& options) {
    return model::predict(model, dataset, seen_through(mask, dataset, options));
}

double masked_accuracy(model::Model& model, const data::Dataset& dataset, const at::Tensor& mask,
                       const model::Inference::Options& options) {
    auto measure = seen_through(mask, dataset, options);
    measure.labelled = true;
    return model::predict(model, dataset, measure)
        .classes.eq(dataset.labels())
        .to(at::kDouble)
        .mean()
        .item<double>();
}

at::Tensor threshold(const at::Tensor& mask, double value) {
    require(!std::isnan(value), "'value' must be a number, got {}", value);
    return mask.gt(value).to(at::kFloat);
}

at::Tensor largest(const at::Tensor& map, double share) {
    require(map.dim() >= 2 && map.numel() > 0, "'map' must be [..., H, W], got [{}]",
            fmt::join(map.sizes(), ", "));
    require(share >= 0 && share <= 1, "'share' must be in [0,1], got {}", share);
    constexpr double infinity = std::numeric_limits<double>::infinity();
    auto flat = map.flatten(-2);
    const auto numbers = flat.isnan().logical_not();
    flat = flat.nan_to_num(-infinity, infinity, -infinity);
    const auto count =
        static_cast<int64_t>(std::llround(share * static_cast<double>(flat.size(-1))));
    if (count == 0) {
        return at::zeros_like(map, at::kFloat);
    }
    const auto last = std::get<0>(flat.topk(count, -1)).narrow(-1, count - 1, 1);
    return flat.ge(last).logical_and(numbers).to(at::kFloat).reshape(map.sizes());
}

}  // namespace hfc::mask
