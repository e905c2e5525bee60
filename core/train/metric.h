// Further figures of the probes, beside the accuracy.
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

/// A number that a network's logits on a data set give. A new metric is a class made from this one,
/// or a function.
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

    /// What a checkpoint compares.
    virtual checkpoint::Json describe() const { return name_; }

  private:
    std::string name_;
};

using MetricPtr = std::shared_ptr<Metric>;

/// "top5", "cross_entropy", "calibration_error" or "class_accuracy" (the mean over the classes that
/// have images). Throws Error for another name, listing these.
MetricPtr make_metric(const std::string& name);

/// From now on make_metric() knows this one, too. One that comes with the program is a line in
/// metric.cpp instead.
void add_metric(std::string name,
                std::function<double(const at::Tensor& logits, const at::Tensor& labels)> value);

/// The values of one metric: probe by probe, in their order.
struct MetricValues {
    std::string metric;
    std::vector<std::pair<std::string, double>> values = {};
};

/// Keeps the logits of probes while they are measured, and gives the metrics of them.
class MetricRecorder {
  public:
    MetricRecorder(const std::vector<MetricPtr>& metrics, const std::vector<model::Probe>& probes)
        : metrics_(metrics), probes_(probes), seen_(metrics.empty() ? 0 : probes.size()) {}

    /// Lets `options` tell this object of the logits. It must outlive the measuring.
    void listen(model::MeasureOptions& options);

    /// Throws Error where a probe has no logits, as with a loss of another kind of network, and for
    /// a value that is not finite, naming metric and probe.
    std::vector<MetricValues> values() const;

  private:
    using Pieces = std::vector<std::pair<int64_t, at::Tensor>>;  ///< place of the first image

    const std::vector<MetricPtr>& metrics_;
    const std::vector<model::Probe>& probes_;
    std::vector<Pieces> seen_;  ///< by this process of the job
};

}  // namespace hfc::train
