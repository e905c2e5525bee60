// Networks that are only measured. Everything that asks a network without training it goes through
// here.
#pragma once

#include "base/interrupt.h"
#include "data/loader.h"
#include "data/order.h"
#include "model/autocast.h"
#include "model/model.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace hfc::model {

/// Which statistics BatchNorm uses while a network is measured.
struct Statistics {
    enum class Kind {
        running,  ///< those of training, as PyTorch's evaluation mode does
        batch,    ///< those of each batch: images of a batch change one another's result
        adapted,  ///< the running ones mixed with those of the first `images` images (Schneider et
                  ///< al. 2020): mean = N / (N + n) running + n / (N + n) images, variance likewise
    };
    Kind kind = Kind::running;
    int64_t images = 0;        ///< adapted: n, at least 1
    double source_weight = 0;  ///< adapted: N, at least 0
};

/// Throws Error for a number out of range.
void require_valid(const Statistics& statistics);

/// Parameters without requires_grad for a scope: autograd neither keeps anything for their
/// gradients nor computes them.
class FrozenScope {
  public:
    explicit FrozenScope(const Model& model);
    ~FrozenScope();
    FrozenScope(const FrozenScope&) = delete;
    FrozenScope& operator=(const FrozenScope&) = delete;

  private:
    std::vector<at::Tensor> parameters_;  ///< those that had requires_grad
};

/// Images a forward pass where no gradient is needed: the fastest of the sizes measured. A CPU's
/// caches want few, a GPU wants many.
int64_t evaluation_batch(at::Device device);

/// The model's output for images on its device, checked: logits [N, classes] with a class for
/// `highest_label`. `name` says in messages whose images they are. Throws Error for images that the
/// model cannot take and for an output of another shape.
at::Tensor checked_logits(Model& model, const at::Tensor& images, int64_t highest_label = -1,
                          const std::string& name = {});

/// A model in evaluation mode, with frozen parameters, while this lives. Afterwards modes,
/// requires_grad, buffers and the flags of TF32 are as they were, also after an exception.
class Inference {
  public:
    struct Options {
        /// Forward passes are in an AutocastScope, and passes back take its dtypes.
        bool bfloat16 = false;
        /// A Tf32Scope for the life of the object. Not together with bfloat16.
        bool tf32 = false;
        Statistics statistics = {};
        /// Images a forward pass, at least 1; unset: evaluation_batch() of the device.
        std::optional<int64_t> batch_size = {};
    };
    explicit Inference(Model& model) : Inference(model, Options()) {}
    /// Throws Error for an option out of range.
    Inference(Model& model, const Options& options);
    ~Inference();
    Inference(const Inference&) = delete;
    Inference& operator=(const Inference&) = delete;

    at::Device device() const { return device_; }
    int64_t batch_size() const { return batch_size_; }

    /// Calls visit(begin, end, images) batch by batch, in the order of the images, which are on the
    /// model's device. Asks check_interrupt() before each.
    /// share: only the batches that are this process's.
    template <typename Visit>
    void each_batch(const data::Dataset& dataset, Visit&& visit,
                    const data::Share& share = {}) const {
        each_whole_batch(
            dataset,
            [&](int64_t begin, int64_t end, const data::Batch& batch) {
                visit(begin, end, batch.images);
            },
            share);
    }

    /// The same with visit(begin, end, batch), a data::Batch. Its labels and samples are on the
    /// CPU.
    template <typename Visit>
    void each_whole_batch(const data::Dataset& dataset, Visit&& visit,
                          const data::Share& share = {}) const {
        data::LoaderOptions options;
        options.batch_size = batch_size_;
        data::Loader loader(dataset, data::batches_of(dataset.size(), batch_size_, share), options);
        int64_t begin = share.rank * batch_size_;
        while (auto batch = loader.next()) {
            check_interrupt();
            batch->images = bring(batch->images);
            visit(begin, begin + batch->samples.size(0), *batch);
            begin += share.ranks * batch_size_;
        }
    }

    /// Detached, on the model's device, channels_last.
    at::Tensor bring(const at::Tensor& images) const;

    /// From now on logits() throws Error unless the model has a class for each of the labels,
    /// int64. `name` is that of checked_logits(). Throws Error for a negative label.
    void expect_labels(const at::Tensor& labels, const std::string& name = {});

    /// Gets ready for images alone: adapts the statistics to the first ones, if they shall be
    /// adapted. Throws Error where there are too few.
    void begin(const data::Dataset& dataset);
    /// The same, and expects the labels of the data set. Throws Error where it has none.
    void begin_labelled(const data::Dataset& dataset);
    /// The same of images [N, C, H, W] and labels, int64 [N], on any device.
    void begin_labelled(const at::Tensor& images, const at::Tensor& labels);

    /// begin_labelled(), for whoever asks class by class: runs the first images at once, so that a
    /// wrong label is found before anything is done.
    void try_labelled(const data::Dataset& dataset);

    /// Logits [N, classes], at least float32, of images on the model's device. Records a graph
    /// where the caller's gradient mode says so. Counts what is not finite: see require_finite().
    /// Throws Error as checked_logits() does.
    at::Tensor logits(const at::Tensor& images) const;

    /// The same with a graph behind it. images: a leaf that requires a gradient. Throws Error where
    /// the logits do not depend on them in a way that has a gradient.
    at::Tensor differentiable_logits(const at::Tensor& images) const;

    /// Throws Error if any logits so far were NaN or infinite. Whoever measures asks once, at the
    /// end: a GPU would have to wait at each batch.
    void require_finite() const;

    /// Whether each data set has statistics of its own.
    bool adapts() const { return statistics_.kind == Statistics::Kind::adapted; }

    /// Takes the statistics of these images [n, C, H, W] into account, in place of earlier ones.
    /// Each BatchNorm sees what those before it make of the images with their mixed statistics. The
    /// modules must be registered in the order in which they run.
    void adapt(const at::Tensor& images);

  private:
    class Norms;

    Model& model_;
    bool bfloat16_;
    Statistics statistics_;
    at::Device device_;
    int64_t batch_size_;
    int64_t highest_label_ = -1;
    std::string name_;
    EvaluationScope evaluation_;
    FrozenScope frozen_;
    Tf32Scope tf32_;
    std::unique_ptr<Norms> norms_;  ///< null: running statistics
    mutable at::Tensor bad_;        ///< int64: images whose logits are not finite
    mutable int64_t images_ = 0;    ///< asked about
};

}  // namespace hfc::model
