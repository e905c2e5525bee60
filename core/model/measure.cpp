#include "model/measure.h"

#include "base/error.h"
#include "base/interrupt.h"
#include "model/metrics.h"

#include <ATen/ATen.h>

#include <algorithm>

namespace hfc::model {
namespace {

/// Probes on the same images: what one reading of them serves.
struct Group {
    std::vector<size_t> members;
    std::vector<data::Dataset> views;
};

/// `together`: whether views on the same images may share what is read.
std::vector<Group> group_by_images(const std::vector<Probe>& probes, bool together) {
    std::vector<Group> groups;
    for (size_t i = 0; i < probes.size(); ++i) {
        const auto& dataset = probes[i].dataset;
        const auto same = [&](const Group& group) {
            return together && probes[group.members.front()].dataset.same_images(dataset);
        };
        auto group = std::find_if(groups.begin(), groups.end(), same);
        if (group == groups.end()) {
            group = groups.insert(groups.end(), Group{});
        }
        group->members.push_back(i);
        group->views.push_back(dataset);
    }
    return groups;
}

/// Calls visit(logits) batch by batch, in the order of the images.
template <typename Visit>
void each_batch(Model& model, const data::Dataset& dataset, const MeasureOptions& options,
                Visit&& visit) {
    const at::NoGradGuard no_grad;
    Inference inference(model, options.inference);
    options.labelled ? inference.begin_labelled(dataset) : inference.begin(dataset);
    inference.each_batch(dataset, [&](int64_t begin, int64_t end, const at::Tensor& images) {
        visit(inference.logits(options.through ? options.through(images, begin) : images));
        if (options.after_batch) {
            options.after_batch(static_cast<double>(end) / static_cast<double>(dataset.size()));
        }
    });
    inference.require_finite();
}

}  // namespace

std::vector<double> accuracies(Model& model, const std::vector<Probe>& probes,
                               const MeasureOptions& options) {
    const at::NoGradGuard no_grad;
    Inference inference(model, options.inference);
    data::LoaderOptions loading;
    loading.batch_size = inference.batch_size();
    // The counts stay on the device until the end: asking for one would wait for the forward pass.
    const auto device = inference.device();
    std::vector<at::Tensor> right(probes.size());
    int64_t done = 0, total = 0;
    for (size_t i = 0; i < probes.size(); ++i) {
        right[i] = at::zeros({}, at::TensorOptions(device).dtype(at::kLong));
        total += probes[i].dataset.size();
    }
    for (const auto& group : group_by_images(probes, !inference.adapts())) {
        const auto& dataset = probes[group.members.front()].dataset;
        inference.begin_labelled(dataset);
        data::Loader loader(dataset.untransformed(), {}, loading);
        while (const auto batch = loader.next()) {
            const auto images = data::images_of(group.views, *batch);
            const auto labels = batch->labels.to(device);
            for (size_t i = 0; i < images.size(); ++i) {
                check_interrupt();
                const auto logits = inference.logits(inference.bring(images[i]));
                right[group.members[i]].add_(is_right(logits, labels, options.top).sum());
                if (options.seen) {
                    options.seen(group.members[i], logits, labels);
                }
                done += labels.size(0);
                if (options.after_batch) {
                    options.after_batch(static_cast<double>(done) / static_cast<double>(total));
                }
            }
        }
        inference.require_finite();
    }
    std::vector<double> fractions;
    for (size_t i = 0; i < probes.size(); ++i) {
        fractions.push_back(right[i].item<double>() /
                            static_cast<double>(probes[i].dataset.size()));
    }
    return fractions;
}

at::Tensor logits(Model& model, const data::Dataset& dataset, const MeasureOptions& options) {
    std::vector<at::Tensor> parts;
    each_batch(model, dataset, options,
               [&](const at::Tensor& batch) { parts.push_back(batch.cpu()); });
    return at::cat(parts);
}

Predictions predict(Model& model, const data::Dataset& dataset, const MeasureOptions& options) {
    std::vector<at::Tensor> classes, confidences;
    each_batch(model, dataset, options, [&](const at::Tensor& batch) {
        const auto [confidence, index] = batch.softmax(1).max(1);
        classes.push_back(index.cpu());
        confidences.push_back(confidence.cpu());
    });
    return {at::cat(classes), at::cat(confidences)};
}

double accuracy(Model& model, const data::Dataset& dataset, const MeasureOptions& options) {
    return accuracies(model, {{dataset.name(), dataset}}, options).front();
}

}  // namespace hfc::model
