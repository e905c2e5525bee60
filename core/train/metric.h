// Metrics that are computed for the probes in addition to the accuracy.
#pragma once

#include "checkpoint/store.h"
#include "model/measure.h"

#include <ATen/core/Tensor.h>

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace hfc::train {

/// A number computed from a network's logits on a data set. To add a new metric, derive a class
/// from this one, or pass a function to add_metric().
class Metric {
  public:
    explicit Metric(std::string name) : name_(std::move(name)) {}
    Metric(const Metric&) = delete;
    Metric& operator=(const Metric&) = delete;
    virtual ~Metric() = default;

    const std::string& name() const { return name_; }

    /// logits: float32 [N, classes], labels: int64 [N], both on the CPU, in the order of the
    /// images.
    virtual double value(const at::Tensor& logits, const at::Tensor& labels) const = 0;

    /// The description that is stored in checkpoints and compared on resuming.
    virtual checkpoint::Json describe() const { return name_; }

  private:
    std::string name_;
};

using MetricPtr = std::shared_ptr<Metric>;

/// "top5", "cross_entropy", "calibration_error" or "class_accuracy" (the mean over the classes that
/// have images). Throws Error for any other name, listing the known ones.
MetricPtr make_metric(const std::string& name);

/// From now on, make_metric() also recognises this metric. For a built-in metric, add a line to
/// metric.cpp instead.
void add_metric(std::string name,
                std::function<double(const at::Tensor& logits, const at::Tensor& labels)> value);

/// The values of one metric, one per probe, in the order of the probes.
struct MetricValues {
    std::string metric;
    std::vector<std::pair<std::string, double>> values = {};
};

/// Stores the logits while the probes are measured, and computes the metrics from the logits.
class MetricRecorder {
  public:
    MetricRecorder(const std::vector<MetricPtr>& metrics, const std::vector<model::Probe>& probes)
        : metrics_(metrics), probes_(probes), seen_(metrics.empty() ? 0 : probes.size()) {}

    /// Changes `options` so that the measurement passes the logits to this object, which must
    /// outlive the measurement.
    void listen(model::MeasureOptions& options);

    /// Throws Error if a probe has no logits because the objective measures it in another way, or
    /// if a value is not finite (naming the metric and the probe).
    std::vector<MetricValues> values() const;

  private:
    using Pieces = std::vector<std::pair<int64_t, at::Tensor>>;  ///< position of the first image

    const std::vector<MetricPtr>& metrics_;
    const std::vector<model::Probe>& probes_;
    std::vector<Pieces> seen_;  ///< the logits that this process of the job has measured
};

}  // namespace hfc::train
