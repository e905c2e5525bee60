#include "mask/spectra.h"

#include "base/error.h"
#include "base/interrupt.h"
#include "mask/half.h"
#include "mask/learner.h"
#include "mask/network.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <torch/csrc/autograd/autograd.h>

#include <algorithm>

namespace hfc::mask {

at::Tensor power_spectrum(const Source& source, int64_t batch_size) {
    require(batch_size >= 1, "hfc.mask.power_spectrum: batch size must be at least 1, got {}",
            batch_size);
    const at::NoGradGuard no_grad;
    auto sum = at::zeros({source.channels(), source.height(), source.width() / 2 + 1}, at::kDouble);
    for (int64_t begin = 0; begin < source.size(); begin += batch_size) {
        check_interrupt();
        const auto transforms =
            transform_of(source.images(begin, std::min(begin + batch_size, source.size())));
        sum += real_product(transforms, transforms).to(at::kDouble).sum(0).cpu();
    }
    return full_of(sum / (source.size() * source.height() * source.width()), source.width());
}

at::Tensor input_gradients(model::Model& model, const Source& source, int64_t batch_size) {
    const auto* const function = "hfc.mask.input_gradients";
    require(batch_size >= 1, "{}: batch size must be at least 1, got {}", function, batch_size);
    const Network network(model, function);
    network.require_labels(source);
    const at::AutoGradMode with_grad(true);
    std::vector<at::Tensor> parts;
    for (int64_t begin = 0; begin < source.size(); begin += batch_size) {
        check_interrupt();
        const auto end = std::min(begin + batch_size, source.size());
        const auto leaf = source.images(begin, end)
                              .to(network.device())
                              .contiguous(at::MemoryFormat::ChannelsLast)
                              .detach()
                              .requires_grad_(true);
        const auto losses =
            network.cross_entropy(network.logits(leaf), source.labels().slice(0, begin, end));
        require(losses.requires_grad(),
                "{}: the model's logits do not depend on its images in a way that has a gradient",
                function);
        parts.push_back(torch::autograd::grad({losses.sum()}, {leaf}).front().cpu().contiguous());
    }
    return at::cat(parts);
}

}  // namespace hfc::mask
