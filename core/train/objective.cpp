#include "train/objective.h"

#include "base/error.h"
#include "model/inference.h"

#include <ATen/ATen.h>

#include <algorithm>

namespace hfc::train {
namespace {

using checkpoint::Json;

class CrossEntropy : public Objective {
  public:
    explicit CrossEntropy(double label_smoothing) : label_smoothing_(label_smoothing) {
        require(label_smoothing >= 0 && label_smoothing < 1,
                "label_smoothing must be in [0,1), got {}", label_smoothing);
    }

    void begin(const data::Dataset& dataset) override {
        name_ = dataset.name();
        max_label_ = dataset.labels().max().item<int64_t>();
    }

    Loss loss(model::Model& model, const TrainingBatch& batch) override {
        auto logits = model::checked_logits(model, batch.images, max_label_, name_);
        if (at::isReducedFloatingType(logits.scalar_type())) {
            logits = logits.to(at::kFloat);
        }
        auto labels = batch.labels;
        if (labels.dim() == 2 && labels.size(1) < logits.size(1)) {
            // The network may have classes that the data set does not have.
            labels = at::constant_pad_nd(labels, {0, logits.size(1) - labels.size(1)});
        }
        return {at::cross_entropy_loss(logits, labels, {}, at::Reduction::Mean, -100,
                                       label_smoothing_)};
    }

    Json describe() const override {
        return label_smoothing_ > 0
                   ? Json{{"name", "cross_entropy"}, {"label_smoothing", label_smoothing_}}
                   : Json();
    }

  private:
    double label_smoothing_;
    std::string name_;
    int64_t max_label_ = 0;
};

std::vector<ObjectiveKind>& kinds() {
    static std::vector<ObjectiveKind> all = {
        {"cross_entropy",
         {"label_smoothing"},
         [](const ObjectiveSettings& settings) -> ObjectivePtr {
             const auto given = settings.find("label_smoothing");
             return std::make_shared<CrossEntropy>(given != settings.end() ? given->second : 0);
         }},
    };
    return all;
}

}  // namespace

std::vector<double> Objective::measure(model::Model& model, const std::vector<model::Probe>& probes,
                                       const model::MeasureOptions& options) const {
    return model::accuracies(model, probes, options);
}

void add_objective(ObjectiveKind kind) {
    kinds().push_back(std::move(kind));
}

ObjectivePtr make_objective(const std::string& name, const ObjectiveSettings& settings) {
    const auto found = std::ranges::find(kinds(), name, &ObjectiveKind::name);
    if (found == kinds().end()) {
        std::vector<std::string> names;
        std::ranges::transform(kinds(), std::back_inserter(names), &ObjectiveKind::name);
        fail("unknown loss '{}'{}: expected {} or a function", name, did_you_mean(name, names),
             fmt::join(names, ", "));
    }
    for (const auto& [key, value] : settings) {
        require(std::ranges::find(found->settings, key) != found->settings.end(),
                "the loss {} has no option '{}'{}: its options are {}", name, key,
                did_you_mean(key, found->settings), fmt::join(found->settings, ", "));
    }
    return found->make(settings);
}

}  // namespace hfc::train
