#include "detection/detect.h"

#include "base/error.h"
#include "base/interrupt.h"
#include "data/loader.h"
#include "data/order.h"
#include "data/source/boxed.h"
#include "model/inference.h"
#include "model/share.h"
#include "parallel/group.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <numeric>
#include <utility>
#include <vector>

namespace hfc::detection {
namespace {

constexpr int64_t batch_of_equal_sizes = 8;

bool have_one_size(const data::Dataset& dataset) {
    const auto samples = dataset.samples().contiguous();
    const auto* index = samples.const_data_ptr<int64_t>();
    return std::all_of(index, index + samples.size(0), [&](int64_t sample) {
        return dataset.source().shape_of(sample) == dataset.source().shape_of(index[0]);
    });
}

/// The category of each label, or -1 if there is none.
std::vector<int64_t> categories_of_labels(const data::Dataset& dataset,
                                          const data::Annotations& truth) {
    const auto& names = dataset.class_names();
    std::vector<int64_t> categories(names.size(), -1);
    // Names and categories are both in the order of the ids. If the labels are ids, there are gaps.
    const bool has_gaps = names.size() != truth.categories.size();
    for (size_t i = 0; i < truth.categories.size(); ++i) {
        const auto label = has_gaps ? static_cast<size_t>(truth.categories[i].id) : i;
        categories.at(label) = static_cast<int64_t>(i);
    }
    return categories;
}

/// The positions of the view's images in `truth`, whose images are in the order of their ids.
std::vector<int64_t> places_in_truth(const data::Dataset& dataset) {
    const auto order = std::get<1>(dataset.samples().sort());
    const auto ranks = at::empty_like(order);
    ranks.index_copy_(0, order, at::arange(order.size(0), at::kLong));
    return {ranks.const_data_ptr<int64_t>(), ranks.const_data_ptr<int64_t>() + ranks.numel()};
}

void append(std::vector<Detection>& rows, const Found& found, int64_t picture,
            const std::vector<int64_t>& categories) {
    const auto boxes = found.boxes.cpu().contiguous();
    const auto scores = found.scores.cpu().contiguous();
    const auto labels = found.labels.cpu().contiguous();
    const auto* box = boxes.const_data_ptr<float>();
    for (int64_t i = 0; i < scores.size(0); ++i, box += 4) {
        const auto label = static_cast<size_t>(labels.const_data_ptr<int64_t>()[i]);
        const auto category = label < categories.size() ? categories[label] : -1;
        if (category >= 0) {
            const double x1 = box[0], y1 = box[1], x2 = box[2], y2 = box[3];
            rows.push_back({picture,
                            category,
                            {x1, y1, x2 - x1, y2 - y1},
                            static_cast<double>(scores.const_data_ptr<float>()[i])});
        }
    }
}

/// The rows of all images, in the order of the positions in the view, on every process; `mine`
/// contains the rows of this process's images.
std::vector<Detection> gather(parallel::Group& group,
                              const std::vector<std::vector<Detection>>& mine) {
    std::vector<int64_t> own;
    for (const auto& rows : mine) {
        own.push_back(static_cast<int64_t>(rows.size()));
    }
    auto counts = at::tensor(own, at::kLong);
    group.all_reduce(counts, parallel::Reduction::sum);
    const auto ends = counts.cumsum(0);
    std::vector<std::pair<int64_t, at::Tensor>> pieces;
    for (size_t position = 0; position < mine.size(); ++position) {
        std::vector<double> numbers;
        for (const auto& row : mine[position]) {
            numbers.insert(numbers.end(), {static_cast<double>(row.picture),
                                           static_cast<double>(row.category), row.score});
            numbers.insert(numbers.end(), row.box.begin(), row.box.end());
        }
        if (!numbers.empty()) {
            const auto end = ends.const_data_ptr<int64_t>()[position];
            pieces.emplace_back(end - own[position],
                                at::tensor(numbers, at::kDouble).view({own[position], -1}));
        }
    }
    const auto all = parallel::gather_rows(group, pieces, counts.sum().item<int64_t>());
    std::vector<Detection> rows;
    const auto* numbers = all.const_data_ptr<double>();
    for (int64_t i = 0; i < all.size(0); ++i, numbers += all.size(1)) {
        rows.push_back({static_cast<int64_t>(numbers[0]),
                        static_cast<int64_t>(numbers[1]),
                        {numbers[3], numbers[4], numbers[5], numbers[6]},
                        numbers[2]});
    }
    return rows;
}

Detector& as_detector(model::Model& model) {
    auto* detector = dynamic_cast<Detector*>(&model);
    require(detector != nullptr, "the loss 'detection' requires a detector, got the network {}",
            model.name());
    return *detector;
}

class DetectionObjective : public train::Objective {
  public:
    void begin(const data::Dataset& dataset) override {
        const auto* all = dataset.source().annotations();
        require(all != nullptr,
                "'{}' has no boxes; the loss 'detection' requires a detection data set",
                dataset.name());
        require(std::ranges::any_of(dataset.source().targets(dataset.samples()),
                                    [](const at::Tensor& one) { return one.size(0) > 0; }),
                "no image in '{}' contains an object to train on", dataset.name());
    }

    train::Loss loss(model::Model& model, const train::TrainingBatch& batch) override {
        std::vector<Objects> objects;
        for (const auto& target : batch.targets) {
            const auto here = target.to(batch.images.device());
            objects.push_back({here.slice(1, 0, 4), here.select(1, 4).to(at::kLong)});
        }
        const auto loss = as_detector(model).loss(batch.images.unbind(0), objects);
        return {loss.classification + loss.boxes,
                {{"classification", loss.classification.detach()}, {"boxes", loss.boxes.detach()}}};
    }

    std::vector<double> measure(model::Model& model, const std::vector<model::Probe>& probes,
                                const model::MeasureOptions& options) const override {
        std::vector<double> figures;
        for (const auto& probe : probes) {
            DetectOptions detecting;
            const auto done = static_cast<double>(figures.size());
            const auto count = static_cast<double>(probes.size());
            detecting.after_batch = [&](double fraction) {
                if (options.after_batch) {
                    options.after_batch((done + fraction) / count);
                }
            };
            const auto found = detect(as_detector(model), probe.dataset, detecting);
            figures.push_back(std::max(0.0, coco_score(*found.truth, found.rows).figures[0]));
        }
        return figures;
    }

    checkpoint::Json describe() const override { return {{"name", "detection"}}; }
};

}  // namespace

FoundInSet detect(Detector& detector, const data::Dataset& dataset, const DetectOptions& options) {
    const model::EvaluationScope evaluation(detector);
    FoundInSet result;
    result.truth = std::make_shared<data::Annotations>(data::annotations_of(dataset));
    const auto categories = categories_of_labels(dataset, *result.truth);
    const auto places = places_in_truth(dataset);
    data::LoaderOptions loading;
    loading.batch_size =
        options.batch_size.value_or(have_one_size(dataset) ? batch_of_equal_sizes : 1);
    auto& group = parallel::world();
    const auto share = model::share_of(group);
    data::Loader loader(dataset, data::batches_of(dataset.size(), loading.batch_size, share),
                        loading);
    std::vector<std::vector<Detection>> rows(places.size());
    int64_t begin = share.rank * loading.batch_size;
    while (const auto batch = loader.next()) {
        check_interrupt();
        auto position = static_cast<size_t>(begin);
        for (const auto& found : detector.detect(batch->images.unbind(0))) {
            append(rows[position], found, places[position], categories);
            ++position;
        }
        begin += share.ranks * loading.batch_size;
        if (options.after_batch) {
            options.after_batch(static_cast<double>(position) / static_cast<double>(places.size()));
        }
    }
    if (share.ranks > 1) {
        result.rows = gather(group, rows);
        return result;
    }
    for (const auto& of_picture : rows) {
        result.rows.insert(result.rows.end(), of_picture.begin(), of_picture.end());
    }
    return result;
}

train::ObjectiveKind detection_objective() {
    return {"detection", {}, [](const train::ObjectiveSettings&) -> train::ObjectivePtr {
                return std::make_shared<DetectionObjective>();
            }};
}

}  // namespace hfc::detection
