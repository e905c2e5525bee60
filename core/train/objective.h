// The quantity that training minimises.
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

/// A batch in the form used for training, on the training device.
struct TrainingBatch {
    at::Tensor images;   ///< float32 [n, C, H, W], channels_last
    at::Tensor labels;   ///< int64 [n], or float32 [n, classes]: the probability of each class
    at::Tensor samples;  ///< int64 [n], CPU: the index of each image in its source
    data::Draw draw;     ///< the seed, and the epoch counted from one
    int64_t step = 0;    ///< the optimizer's step to which it belongs, counted from one
    std::vector<at::Tensor> targets = {};  ///< one per image, see data::Source::targets(); or none
};

struct Loss {
    at::Tensor total;  ///< a number with a graph: the mean over the batch's images
    /// Parts of the total or other numbers; their means over the epoch are reported.
    std::vector<std::pair<std::string, at::Tensor>> terms = {};
};

/// To add a new kind of objective, derive a class from this one.
class Objective {
  public:
    Objective() = default;
    Objective(const Objective&) = delete;
    Objective& operator=(const Objective&) = delete;
    virtual ~Objective() = default;

    /// Called once, before the first batch. Throws Error for data that the objective cannot use.
    virtual void begin(const data::Dataset& dataset) { static_cast<void>(dataset); }
    /// The model is in training mode, and must still be in training mode afterwards.
    virtual Loss loss(model::Model& model, const TrainingBatch& batch) = 0;
    /// Measures the probes and returns one number in [0,1] for each: the accuracy, unless the
    /// objective uses a different metric.
    virtual std::vector<double> measure(model::Model& model,
                                        const std::vector<model::Probe>& probes,
                                        const model::MeasureOptions& options) const;
    /// The description that is stored in checkpoints and compared on resuming; null for plain
    /// cross-entropy.
    virtual checkpoint::Json describe() const = 0;
    /// Whether loss() runs a script's code, which Ctrl-C may interrupt.
    virtual bool runs_script() const { return false; }
};

using ObjectivePtr = std::shared_ptr<Objective>;

/// Options by name.
using ObjectiveSettings = std::map<std::string, double>;

struct ObjectiveKind {
    std::string name;
    std::vector<std::string> settings;  ///< the options that it has
    std::function<ObjectivePtr(const ObjectiveSettings&)> make;
};

/// From now on, make_objective() also recognises this kind. For a built-in kind, add a line to
/// objective.cpp instead.
void add_objective(ObjectiveKind kind);

/// Makes the objective "cross_entropy", which has the option label_smoothing in [0,1) (default 0).
/// Throws Error for an unknown name or option (listing the known ones) or an option out of range.
ObjectivePtr make_objective(const std::string& name, const ObjectiveSettings& settings = {});

}  // namespace hfc::train
