#include "mask/evaluate.h"

#include "base/error.h"
#include "base/interrupt.h"
#include "mask/network.h"
#include "mask/operator.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include <algorithm>
#include <cmath>
#include <limits>

namespace hfc::mask {

Predictions predict(const Network& network, const Source& source, const at::Tensor& mask,
                    int64_t batch_size) {
    require(batch_size >= 1, "{}: batch size must be at least 1, got {}", network.function(),
            batch_size);
    const bool each = mask.defined() && mask.dim() == 4 && mask.size(0) != 1;
    require(!each || mask.size(0) == source.size(),
            "{}: expected one mask, or one for each of the {} images; got [{}]", network.function(),
            source.size(), mask.defined() ? fmt::format("{}", fmt::join(mask.sizes(), ", ")) : "");
    std::vector<at::Tensor> classes, confidences;
    for (int64_t begin = 0; begin < source.size(); begin += batch_size) {
        check_interrupt();
        const auto end = std::min(begin + batch_size, source.size());
        auto images = source.images(begin, end).to(network.device());
        if (mask.defined()) {
            images = apply(images, each ? mask.slice(0, begin, end) : mask);
        }
        const auto [confidence, index] = network.logits(images).softmax(1).max(1);
        classes.push_back(index.cpu());
        confidences.push_back(confidence.cpu());
    }
    return {at::cat(classes), at::cat(confidences)};
}

Predictions predict(model::Model& model, const Source& source, const at::Tensor& mask,
                    int64_t batch_size) {
    const at::NoGradGuard no_grad;
    return predict(Network(model, "hfc.mask.predict"), source, mask, batch_size);
}

double accuracy(model::Model& model, const Source& source, const at::Tensor& mask,
                int64_t batch_size) {
    const at::NoGradGuard no_grad;
    const Network network(model, "hfc.mask.accuracy");
    network.require_labels(source);
    return predict(network, source, mask, batch_size)
        .classes.eq(source.labels())
        .to(at::kDouble)
        .mean()
        .item<double>();
}

at::Tensor threshold(const at::Tensor& mask, double value) {
    require(!std::isnan(value), "hfc.mask.threshold: value must be a number, got {}", value);
    return mask.gt(value).to(at::kFloat);
}

at::Tensor largest(const at::Tensor& map, double share) {
    const auto* const function = "hfc.mask.largest";
    require(map.dim() >= 2 && map.numel() > 0, "{}: map must be [..., H, W], got [{}]", function,
            fmt::join(map.sizes(), ", "));
    require(share >= 0 && share <= 1, "{}: share must be in [0,1], got {}", function, share);
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
