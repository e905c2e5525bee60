#include "train/evaluate.h"

#include "base/error.h"
#include "base/interrupt.h"

#include <ATen/ATen.h>

#include <algorithm>

namespace hfc::train {
namespace {

/// Probes on the same images: what one reading of them serves.
struct Group {
    std::vector<size_t> members;
    std::vector<data::Filter> filters;
};

std::vector<Group> group_by_images(const std::vector<Probe>& probes) {
    std::vector<Group> groups;
    for (size_t i = 0; i < probes.size(); ++i) {
        const auto& dataset = probes[i].dataset;
        const auto same = [&](const Group& group) {
            return probes[group.members.front()].dataset.same_images(dataset);
        };
        auto group = std::find_if(groups.begin(), groups.end(), same);
        if (group == groups.end()) {
            group = groups.insert(groups.end(), Group{});
        }
        group->members.push_back(i);
        group->filters.push_back(dataset.filter());
    }
    return groups;
}

}  // namespace

at::Tensor logits_of(model::Model& model, const at::Tensor& images, at::Device device,
                     const data::Dataset& dataset, int64_t max_label) {
    at::Tensor logits;
    try {
        logits = model.forward(images.to(device).contiguous(at::MemoryFormat::ChannelsLast));
    } catch (const Error& error) {
        fail("{} (while reading '{}')", error.what(), dataset.name());
    } catch (const c10::Error& error) {
        fail("the model failed on a batch of shape [{}] of '{}': {}",
             fmt::join(images.sizes(), ", "), dataset.name(), short_message(error));
    }
    require(logits.defined() && logits.dim() == 2 && logits.size(0) == images.size(0),
            "the model must turn {} images into logits of shape [{}, classes]; it gave {}",
            images.size(0), images.size(0),
            logits.defined() ? fmt::format("[{}]", fmt::join(logits.sizes(), ", ")) : "nothing");
    require(max_label < logits.size(1),
            "'{}' has labels up to {}, the model gives logits for {} classes, 0 to {}; build it "
            "with classes = {}",
            dataset.name(), max_label, logits.size(1), logits.size(1) - 1, dataset.classes());
    return logits;
}

std::vector<double> accuracies(model::Model& model, const std::vector<Probe>& probes,
                               int64_t batch_size, const std::function<void(double)>& after_batch) {
    require(batch_size >= 1, "hfc.accuracy: batch size must be at least 1, got {}", batch_size);
    const at::NoGradGuard no_grad;
    const model::EvaluationScope evaluation(model);
    const auto device = model::device_of(model);
    // The counts stay on the device until the end: asking for one would wait for the forward pass.
    std::vector<at::Tensor> correct(probes.size());
    int64_t done = 0, total = 0;
    for (const auto& probe : probes) {
        correct[static_cast<size_t>(&probe - probes.data())] =
            at::zeros({}, at::TensorOptions(device).dtype(at::kLong));
        total += probe.dataset.size();
    }
    for (const auto& group : group_by_images(probes)) {
        const auto& dataset = probes[group.members.front()].dataset;
        const auto max_label = dataset.labels().max().item<int64_t>();
        for (int64_t begin = 0; begin < dataset.size(); begin += batch_size) {
            const auto end = std::min(begin + batch_size, dataset.size());
            const auto labels = dataset.labels().slice(0, begin, end).to(device);
            const auto batches = dataset.batches_through(group.filters, begin, end);
            for (size_t i = 0; i < batches.size(); ++i) {
                check_interrupt();
                const auto logits = logits_of(model, batches[i], device,
                                              probes[group.members[i]].dataset, max_label);
                correct[group.members[i]].add_(logits.argmax(1).eq(labels).sum());
                done += end - begin;
                if (after_batch) {
                    after_batch(static_cast<double>(done) / static_cast<double>(total));
                }
            }
        }
    }
    std::vector<double> shares;
    for (size_t i = 0; i < probes.size(); ++i) {
        shares.push_back(correct[i].item<double>() / static_cast<double>(probes[i].dataset.size()));
    }
    return shares;
}

double accuracy(model::Model& model, const data::Dataset& dataset, int64_t batch_size) {
    return accuracies(model, {{dataset.name(), dataset}}, batch_size).front();
}

}  // namespace hfc::train
