#include "train/metric.h"

#include "base/error.h"
#include "model/metrics.h"
#include "parallel/group.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>
#include <cstdint>

namespace hfc::train {
namespace {

using MetricFunction = std::function<double(const at::Tensor& logits, const at::Tensor& labels)>;

double top5(const at::Tensor& logits, const at::Tensor& labels) {
    require(logits.size(1) >= 5,
            "the metric top5 requires at least 5 classes, but the network has {}", logits.size(1));
    return model::is_right(logits, labels, 5).to(at::kDouble).mean().item<double>();
}

double cross_entropy(const at::Tensor& logits, const at::Tensor& labels) {
    return model::cross_entropies(logits.to(at::kDouble), labels).mean().item<double>();
}

double calibration_error(const at::Tensor& logits, const at::Tensor& labels) {
    return model::calibration_error(logits, labels);
}

double class_accuracy(const at::Tensor& logits, const at::Tensor& labels) {
    return model::class_accuracies(logits, labels).nanmean().item<double>();
}

struct MetricKind {
    std::string name;
    MetricFunction value;
};

std::vector<MetricKind>& metric_kinds() {
    static std::vector<MetricKind> all = {{"top5", top5},
                                          {"cross_entropy", cross_entropy},
                                          {"calibration_error", calibration_error},
                                          {"class_accuracy", class_accuracy}};
    return all;
}

class KnownMetric : public Metric {
  public:
    explicit KnownMetric(const MetricKind& kind) : Metric(kind.name), value_(kind.value) {}

    double value(const at::Tensor& logits, const at::Tensor& labels) const override {
        return value_(logits, labels);
    }

  private:
    MetricFunction value_;
};

}  // namespace

MetricPtr make_metric(const std::string& name) {
    const auto found = std::ranges::find(metric_kinds(), name, &MetricKind::name);
    if (found == metric_kinds().end()) {
        std::vector<std::string> names;
        std::ranges::transform(metric_kinds(), std::back_inserter(names), &MetricKind::name);
        fail("unknown metric '{}'{}: expected {} or a function", name, did_you_mean(name, names),
             fmt::join(names, ", "));
    }
    return std::make_shared<KnownMetric>(*found);
}

void add_metric(std::string name, MetricFunction value) {
    metric_kinds().push_back({std::move(name), std::move(value)});
}

void MetricRecorder::listen(model::MeasureOptions& options) {
    if (seen_.empty()) {
        return;
    }
    options.seen = [this](size_t probe, int64_t begin, const at::Tensor& logits) {
        seen_[probe].emplace_back(begin, logits.to(at::kCPU, at::kFloat));
    };
}

std::vector<MetricValues> MetricRecorder::values() const {
    std::vector<MetricValues> result;
    for (const auto& metric : metrics_) {
        result.push_back({metric->name()});
    }
    auto& group = parallel::world();
    for (size_t i = 0; i < seen_.size(); ++i) {
        require(group.agree(seen_[i].empty() ? 0 : 1) == 1,
                "the metric {} requires class logits, but the loss evaluates the probe '{}' with a "
                "different metric",
                metrics_.front()->name(), probes_[i].name);
        const auto logits = parallel::gather_rows(group, seen_[i], probes_[i].dataset.size());
        const auto labels = probes_[i].dataset.labels();
        for (size_t m = 0; m < metrics_.size(); ++m) {
            const double value = metrics_[m]->value(logits, labels);
            require(std::isfinite(value),
                    "the metric {} of the probe '{}' is {}, expected a finite number",
                    metrics_[m]->name(), probes_[i].name,
                    std::isnan(value) ? std::abs(value) : value);
            result[m].values.emplace_back(probes_[i].name,
                                          std::isnan(value) ? std::abs(value) : value);
        }
    }
    return result;
}

}  // namespace hfc::train
