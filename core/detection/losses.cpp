#include "detection/losses.h"

#include "detection/boxes.h"

#include <ATen/ATen.h>

#include <algorithm>

namespace hfc::detection {
namespace {

constexpr double foreground = 0.5;
constexpr double background = 0.4;
constexpr int64_t is_background = -1;
constexpr int64_t is_between = -2;
constexpr double focal_alpha = 0.25;

/// The sum over the anchors and classes that `counts` [anchors, 1] includes. wanted: 1 for the
/// right class, otherwise 0.
at::Tensor focal_sum(const at::Tensor& logits, const at::Tensor& wanted, const at::Tensor& counts) {
    const auto towards = logits * (2 * wanted - 1);
    const auto alpha = wanted * (2 * focal_alpha - 1) + (1 - focal_alpha);
    const auto loss = at::log_sigmoid(towards) * at::sigmoid(-towards).square();
    return -(loss * alpha * counts).sum();
}

}  // namespace

at::Tensor match(const at::Tensor& boxes, const at::Tensor& anchors) {
    if (boxes.size(0) == 0) {
        return at::full({anchors.size(0)}, is_background, anchors.options().dtype(at::kLong));
    }
    const auto quality = iou(boxes, anchors);
    const auto [best, object] = quality.max(0);
    auto matches = at::where(best < background, at::full_like(object, is_background), object);
    matches = at::where((best >= background).logical_and(best < foreground),
                        at::full_like(object, is_between), matches);
    const auto best_of_object = quality.amax(1, /*keepdim=*/true);
    const auto forced = (quality == best_of_object).any(0);
    return at::where(forced, object, matches);
}

DetectionLoss detection_loss(const at::Tensor& logits, const at::Tensor& codes,
                             const at::Tensor& anchors, const std::vector<Objects>& objects) {
    std::vector<at::Tensor> classification, boxes;
    for (size_t i = 0; i < objects.size(); ++i) {
        const auto place = static_cast<int64_t>(i);
        const auto matches = match(objects[i].boxes, anchors);
        const auto found = (matches >= 0).nonzero().squeeze(1);
        const auto matched = matches.index_select(0, found);
        auto wanted = at::zeros_like(logits[place]);
        wanted.index_put_({found, objects[i].labels.index_select(0, matched)},
                          at::ones({}, wanted.options()));
        const auto counts = (matches != is_between).unsqueeze(1).to(logits.scalar_type());
        const auto divisor = static_cast<double>(std::max<int64_t>(1, found.size(0)));
        classification.push_back(focal_sum(logits[place], wanted, counts) / divisor);
        const auto codes_wanted =
            encode(objects[i].boxes.index_select(0, matched), anchors.index_select(0, found));
        boxes.push_back((codes[place].index_select(0, found) - codes_wanted).abs().sum() / divisor);
    }
    return {at::stack(classification).mean(), at::stack(boxes).mean()};
}

}  // namespace hfc::detection
