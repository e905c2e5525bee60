#include "mask/pass.h"

#include "model/metrics.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <torch/csrc/autograd/autograd.h>

#include <cmath>

namespace hfc::mask {
namespace {

/// The loss of each image without the L1 term.
at::Tensor loss_of(Loss loss, const at::Tensor& cross_entropy, const at::Tensor& clean) {
    if (loss == Loss::cross_entropy) {
        return cross_entropy;
    }
    constexpr double most = 20;
    const auto squared = (cross_entropy - clean).square();
    const auto straight = std::exp(most) * (squared - most + 1);
    return at::where(squared.lt(most), squared.clamp_max(most).exp(), straight);
}

Pass pass_chunk(const model::Inference& network, Loss loss, const at::Tensor& images,
                const at::Tensor& labels, const at::Tensor& clean, double share) {
    const at::AutoGradMode with_grad(true);
    const auto leaf =
        images.contiguous(at::MemoryFormat::ChannelsLast).detach().requires_grad_(true);
    const auto logits = network.differentiable_logits(leaf);
    const auto losses = loss_of(loss, model::cross_entropies(logits, labels), clean);
    Pass pass;
    pass.gradients = torch::autograd::grad({losses.sum() * share}, {leaf}).front();
    pass.losses = losses.detach();
    pass.right = logits.detach().argmax(1).eq(labels);
    return pass;
}

}  // namespace

Pass pass_through(const model::Inference& network, Loss loss, const at::Tensor& images,
                  const at::Tensor& labels, const at::Tensor& clean, double share) {
    // On the CPU, the graph of 50 images fits the caches better, which makes it 10 % faster than
    // processing 100 images at once.
    const int64_t chunk = images.is_cpu() ? 50 : images.size(0);
    std::vector<at::Tensor> gradients, losses, right;
    for (int64_t begin = 0; begin < images.size(0); begin += chunk) {
        const auto part = [&](const at::Tensor& all) { return all.slice(0, begin, begin + chunk); };
        const auto pass = pass_chunk(network, loss, part(images), part(labels), part(clean), share);
        gradients.push_back(pass.gradients);
        losses.push_back(pass.losses);
        right.push_back(pass.right);
    }
    return {at::cat(gradients), at::cat(losses), at::cat(right)};
}

Clean clean_of(const model::Inference& network, const data::Dataset& dataset) {
    Clean clean;
    std::vector<at::Tensor> parts;
    network.each_batch(dataset, [&](int64_t begin, int64_t end, const at::Tensor& images) {
        const auto labels = dataset.labels().slice(0, begin, end);
        const auto logits = network.logits(images);
        parts.push_back(model::cross_entropies(logits, labels));
        clean.right += logits.argmax(1).cpu().eq(labels).sum().item<int64_t>();
    });
    clean.cross_entropy = at::cat(parts);
    return clean;
}

}  // namespace hfc::mask
