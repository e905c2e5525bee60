#include "sensitivity/spectra.h"

#include "base/error.h"
#include "base/interrupt.h"
#include "frequency/half.h"
#include "model/metrics.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <torch/csrc/autograd/autograd.h>

#include <algorithm>

namespace hfc::sensitivity {

at::Tensor power_spectrum(const data::Dataset& dataset, int64_t batch_size) {
    require(batch_size >= 1, "the batch size must be at least 1, got {}", batch_size);
    const at::NoGradGuard no_grad;
    auto sum =
        at::zeros({dataset.channels(), dataset.height(), dataset.width() / 2 + 1}, at::kDouble);
    for (int64_t begin = 0; begin < dataset.size(); begin += batch_size) {
        check_interrupt();
        const auto transforms = frequency::half_transform(
            dataset.batch(begin, std::min(begin + batch_size, dataset.size())).images);
        sum += frequency::real_product(transforms, transforms).to(at::kDouble).sum(0).cpu();
    }
    return frequency::full_of(sum / (dataset.size() * dataset.height() * dataset.width()),
                              dataset.width());
}

at::Tensor input_gradients(model::Model& model, const data::Dataset& dataset,
                           const model::Inference::Options& options) {
    model::Inference network(model, options);
    network.try_labelled(dataset);
    const at::AutoGradMode with_grad(true);
    std::vector<at::Tensor> parts;
    network.each_batch(dataset, [&](int64_t begin, int64_t end, const at::Tensor& images) {
        const auto leaf = images.detach().requires_grad_(true);
        const auto losses = model::cross_entropies(network.differentiable_logits(leaf),
                                                   dataset.labels().slice(0, begin, end));
        parts.push_back(torch::autograd::grad({losses.sum()}, {leaf}).front().cpu().contiguous());
    });
    network.require_finite();
    return at::cat(parts);
}

}  // namespace hfc::sensitivity
