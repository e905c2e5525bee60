#include "model/measure.h"

#include "base/error.h"
#include "base/interrupt.h"
#include "model/metrics.h"
#include "model/share.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <utility>

namespace hfc::model {
namespace {

using Pieces = std::vector<std::pair<int64_t, at::Tensor>>;

/// Probes on the same images, which are read only once for the whole group.
struct Group {
    std::vector<size_t> members;
    std::vector<data::Dataset> views;
};

/// `together`: whether probes on the same images may be in the same group.
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

/// Calls visit(begin, logits) for each batch of this process, in the order of the images.
template <typename Visit>
void each_batch(Model& model, const data::Dataset& dataset, const MeasureOptions& options,
                Visit&& visit) {
    const at::NoGradGuard no_grad;
    Inference inference(model, options.inference);
    options.labelled ? inference.begin_labelled(dataset) : inference.begin(dataset);
    const auto measure = [&](int64_t begin, int64_t end, const at::Tensor& images) {
        visit(begin, inference.logits(options.through ? options.through(images, begin) : images));
        if (options.after_batch) {
            options.after_batch(static_cast<double>(end) / static_cast<double>(dataset.size()));
        }
    };
    inference.each_batch(dataset, measure, share_of(parallel::world()));
    inference.require_finite();
}

}  // namespace

std::vector<double> accuracies(Model& model, const std::vector<Probe>& probes,
                               const MeasureOptions& options) {
    const at::NoGradGuard no_grad;
    Inference inference(model, options.inference);
    data::LoaderOptions loading;
    loading.batch_size = inference.batch_size();
    // The counts stay on the device until the end, because reading a count would wait for the
    // forward pass.
    const auto device = inference.device();
    auto& group = parallel::world();
    const auto share = share_of(group);
    auto right = at::zeros({static_cast<int64_t>(probes.size())},
                           at::TensorOptions(device).dtype(at::kLong));
    int64_t done = 0, total = 0;
    for (const auto& probe : probes) {
        total += probe.dataset.size();
    }
    for (const auto& views : group_by_images(probes, !inference.adapts())) {
        const auto& dataset = probes[views.members.front()].dataset;
        inference.begin_labelled(dataset);
        data::Loader loader(dataset.untransformed(),
                            data::batches_of(dataset.size(), loading.batch_size, share), loading);
        int64_t begin = share.rank * loading.batch_size;
        while (const auto batch = loader.next()) {
            const auto images = data::images_of(views.views, *batch);
            const auto labels = batch->labels.to(device);
            for (size_t i = 0; i < images.size(); ++i) {
                check_interrupt();
                const auto logits = inference.logits(inference.bring(images[i]));
                right[static_cast<int64_t>(views.members[i])].add_(
                    is_right(logits, labels, options.top).sum());
                if (options.seen) {
                    options.seen(views.members[i], begin, logits);
                }
                done = std::min(total, done + labels.size(0) * share.ranks);
                if (options.after_batch) {
                    options.after_batch(static_cast<double>(done) / static_cast<double>(total));
                }
            }
            begin += share.ranks * loading.batch_size;
        }
        inference.require_finite();
    }
    group.all_reduce(right, parallel::Reduction::sum);
    const auto counts = right.cpu();
    std::vector<double> fractions;
    for (size_t i = 0; i < probes.size(); ++i) {
        fractions.push_back(static_cast<double>(counts.const_data_ptr<int64_t>()[i]) /
                            static_cast<double>(probes[i].dataset.size()));
    }
    return fractions;
}

at::Tensor logits(Model& model, const data::Dataset& dataset, const MeasureOptions& options) {
    Pieces pieces;
    each_batch(model, dataset, options, [&](int64_t begin, const at::Tensor& batch) {
        pieces.emplace_back(begin, batch.cpu());
    });
    return parallel::gather_rows(parallel::world(), pieces, dataset.size());
}

Predictions predict(Model& model, const data::Dataset& dataset, const MeasureOptions& options) {
    Pieces classes, confidences;
    each_batch(model, dataset, options, [&](int64_t begin, const at::Tensor& batch) {
        const auto [confidence, index] = batch.softmax(1).max(1);
        classes.emplace_back(begin, index.cpu());
        confidences.emplace_back(begin, confidence.cpu());
    });
    auto& group = parallel::world();
    return {parallel::gather_rows(group, classes, dataset.size()),
            parallel::gather_rows(group, confidences, dataset.size())};
}

double accuracy(Model& model, const data::Dataset& dataset, const MeasureOptions& options) {
    return accuracies(model, {{dataset.name(), dataset}}, options).front();
}

}  // namespace hfc::model
