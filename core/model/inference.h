// Runs networks without training them. All code that does so uses this file.
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
        running,  ///< those from training, as in PyTorch's evaluation mode
        batch,    ///< those of each batch: the images in a batch affect one another's results
        /// The running statistics mixed with those of the first `images` images (Schneider et al.
        /// 2020): mean = N / (N + n) running + n / (N + n) images, and likewise for the variance.
        adapted,
    };
    Kind kind = Kind::running;
    int64_t images = 0;        ///< for `adapted`: n, at least 1
    double source_weight = 0;  ///< for `adapted`: N, non-negative
};

/// Throws Error for a number out of range.
void require_valid(const Statistics& statistics);

/// Turns off requires_grad for all parameters within a scope, so that autograd neither computes
/// their gradients nor stores anything for them.
class FrozenScope {
  public:
    explicit FrozenScope(const Model& model);
    ~FrozenScope();
    FrozenScope(const FrozenScope&) = delete;
    FrozenScope& operator=(const FrozenScope&) = delete;

  private:
    std::vector<at::Tensor> parameters_;  ///< those that had requires_grad
};

/// The number of images per forward pass if no gradient is needed: the fastest of the measured
/// sizes. It is small on a CPU, because of the caches, and large on a GPU.
int64_t evaluation_batch(at::Device device);

/// Runs the model on images that are on its device, checks the output and returns it: logits [N,
/// classes] that include a class for `highest_label`. `name` identifies the images in messages.
/// Throws Error for images that the model does not accept and for an output with the wrong shape.
at::Tensor checked_logits(Model& model, const at::Tensor& images, int64_t highest_label = -1,
                          const std::string& name = {});

/// Keeps a model in evaluation mode with frozen parameters while this object exists. The destructor
/// restores modes, requires_grad, buffers and the TF32 flags.
class Inference {
  public:
    struct Options {
        /// Run forward passes in an AutocastScope; backward passes then use the same dtypes.
        bool bfloat16 = false;
        /// Allow TF32 for the lifetime of the object (see Tf32Scope). Cannot be combined with
        /// `bfloat16`.
        bool tf32 = false;
        Statistics statistics = {};
        /// Images per forward pass, at least 1. The default is evaluation_batch() for the device.
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

    /// Calls visit(begin, end, images) for each batch, in the order of the data set. The images are
    /// on the model's device. Calls check_interrupt() before each batch. If `share` is given,
    /// visits only the batches of this process.
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

    /// The same with visit(begin, end, batch), where batch is a data::Batch. Its labels and samples
    /// are on the CPU.
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

    /// From now on, logits() throws Error unless the model has a class for each of the `labels`
    /// (int64). `name` is passed to checked_logits(). Throws Error for a negative label.
    void expect_labels(const at::Tensor& labels, const std::string& name = {});

    /// Prepares for images without labels: if the options require adapted statistics, adapts them
    /// to the first images. Throws Error if there are too few images.
    void begin(const data::Dataset& dataset);
    /// Like begin(), but also calls expect_labels() with the labels of the data set. Throws Error
    /// if the data set has no labels.
    void begin_labelled(const data::Dataset& dataset);
    /// The same for images [N, C, H, W] and labels, int64 [N], on any device.
    void begin_labelled(const at::Tensor& images, const at::Tensor& labels);

    /// begin_labelled() for callers that work class by class: runs the network on the first images
    /// immediately, so that a wrong label is found before any work starts.
    void try_labelled(const data::Dataset& dataset);

    /// Returns logits [N, classes], at least float32, for images on the model's device. Records a
    /// graph if the caller's gradient mode is on. Counts logits that are not finite: see
    /// require_finite(). Throws Error as checked_logits() does.
    at::Tensor logits(const at::Tensor& images) const;

    /// Like logits(), but always records a graph. images: a leaf tensor that requires grad. Throws
    /// Error if the logits do not depend differentiably on the images.
    at::Tensor differentiable_logits(const at::Tensor& images) const;

    /// Throws Error if any logits so far were NaN or infinite. Call it only once, at the end of a
    /// measurement; otherwise a GPU would have to wait after every batch.
    void require_finite() const;

    /// Whether the statistics are adapted to each data set.
    bool adapts() const { return statistics_.kind == Statistics::Kind::adapted; }

    /// Mixes the statistics of these images [n, C, H, W] into the running statistics; statistics
    /// from an earlier call are dropped. The input of each BatchNorm is computed with the mixed
    /// statistics of the layers before it. The modules must be registered in the order in which
    /// they run.
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
    std::unique_ptr<Norms> norms_;  ///< null for running statistics
    mutable at::Tensor bad_;        ///< int64: the number of images whose logits are not finite
    mutable int64_t images_ = 0;    ///< the number of images so far
};

}  // namespace hfc::model
