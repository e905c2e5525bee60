// What a training makes smaller.
#pragma once

#include "checkpoint/store.h"
#include "data/dataset.h"
#include "model/measure.h"
#include "model/model.h"

#include <ATen/core/Tensor.h>

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace hfc::train {

/// A batch as it is trained on, on the training's device.
struct TrainingBatch {
    at::Tensor images;   ///< float32 [n, C, H, W], channels_last
    at::Tensor labels;   ///< int64 [n], or float32 [n, classes]: the probability of each class
    at::Tensor samples;  ///< int64 [n], CPU: the index of each image in its source
    data::Draw draw;     ///< seed, and the one-based epoch
    int64_t step = 0;    ///< the optimizer's step that it belongs to, one-based
    std::vector<at::Tensor> targets = {};  ///< one an image, see data::Source::targets(); or none
};

struct Loss {
    at::Tensor total;  ///< a number with a graph behind it, the mean over the batch's images
    /// Parts of it or other numbers that are reported as means over the epoch.
    std::vector<std::pair<std::string, at::Tensor>> terms = {};
};

/// A new kind of objective is a class made from this one.
class Objective {
  public:
    Objective() = default;
    Objective(const Objective&) = delete;
    Objective& operator=(const Objective&) = delete;
    virtual ~Objective() = default;

    /// Called once, before the first batch. Throws Error for data that it cannot take.
    virtual void begin(const data::Dataset& dataset) { static_cast<void>(dataset); }
    /// The model is in training mode, and must be so afterwards.
    virtual Loss loss(model::Model& model, const TrainingBatch& batch) = 0;
    /// What the probes are measured by, one number in [0,1] each: their accuracy, unless an
    /// objective has another figure for what it trains.
    virtual std::vector<double> measure(model::Model& model,
                                        const std::vector<model::Probe>& probes,
                                        const model::MeasureOptions& options) const;
    /// What a checkpoint compares; null for plain cross-entropy.
    virtual checkpoint::Json describe() const = 0;
    /// Whether loss() runs code of a script, which Ctrl-C may stop.
    virtual bool runs_script() const { return false; }
};

using ObjectivePtr = std::shared_ptr<Objective>;

/// Settings by name.
using ObjectiveSettings = std::map<std::string, double>;

struct ObjectiveKind {
    std::string name;
    std::vector<std::string> settings;  ///< those it knows
    std::function<ObjectivePtr(const ObjectiveSettings&)> make;
};

/// From now on make_objective() knows this kind. One that comes with the program is a line in
/// objective.cpp instead.
void add_objective(ObjectiveKind kind);

/// "cross_entropy", with label_smoothing in [0,1) (default 0). Throws Error for an unknown name or
/// setting, listing the known ones, and for a setting out of range.
ObjectivePtr make_objective(const std::string& name, const ObjectiveSettings& settings = {});

}  // namespace hfc::train
