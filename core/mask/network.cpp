#include "mask/network.h"

#include "base/autocast.h"
#include "base/error.h"

#include <ATen/ATen.h>

namespace hfc::mask {

Network::Network(model::Model& model, std::string function, bool bfloat16)
    : model_(model),
      function_(std::move(function)),
      bfloat16_(bfloat16),
      device_(model::device_of(model)),
      evaluation_(model),
      frozen_(model) {}

at::Tensor Network::logits(const at::Tensor& images) const {
    at::Tensor logits;
    try {
        const AutocastScope autocast(device_.type(), bfloat16_);
        logits = model_.forward(images.contiguous(at::MemoryFormat::ChannelsLast));
    } catch (const c10::Error& error) {
        fail("{}: the model failed on a batch of shape [{}]: {}", function_,
             fmt::join(images.sizes(), ", "), short_message(error));
    }
    require(logits.defined() && logits.dim() == 2 && logits.size(0) == images.size(0),
            "{}: the model must turn {} images into logits of shape [{}, classes]; it gave {}",
            function_, images.size(0), images.size(0),
            logits.defined() ? fmt::format("[{}]", fmt::join(logits.sizes(), ", ")) : "nothing");
    return logits.to(at::kFloat);
}

void Network::require_labels(const Source& source) const {
    const auto [least, most] = source.labels().aminmax();
    const auto classes = logits(source.images(0, 1).to(device_)).size(1);
    require(least.item<int64_t>() >= 0 && most.item<int64_t>() < classes,
            "{}: labels must be 0 to {}, the model's classes; got {} to {}", function_, classes - 1,
            least.item<int64_t>(), most.item<int64_t>());
}

at::Tensor Network::cross_entropy(const at::Tensor& logits, const at::Tensor& labels) const {
    return at::cross_entropy_loss(logits, labels.to(logits.device()), {}, at::Reduction::None);
}

}  // namespace hfc::mask
