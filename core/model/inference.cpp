#include "model/inference.h"

#include "base/error.h"
#include "model/state.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include <algorithm>
#include <cmath>

namespace hfc::model {

void require_valid(const Statistics& statistics) {
    if (statistics.kind == Statistics::Kind::adapted) {
        require(statistics.images >= 1,
                "for adapted statistics, 'images' must be at least 1, got {}", statistics.images);
        require(std::isfinite(statistics.source_weight) && statistics.source_weight >= 0,
                "for adapted statistics, source_weight must be a finite number >= 0, got {}",
                statistics.source_weight);
    }
}

FrozenScope::FrozenScope(const Model& model) {
    for (auto& parameter : model.parameters()) {
        if (parameter.requires_grad()) {
            parameters_.push_back(parameter);
            parameter.requires_grad_(false);
        }
    }
}

FrozenScope::~FrozenScope() {
    for (auto& parameter : parameters_) {
        parameter.requires_grad_(true);
    }
}

int64_t evaluation_batch(at::Device device) {
    return device.is_cpu() ? 100 : 1000;
}

at::Tensor checked_logits(Model& model, const at::Tensor& images, int64_t highest_label,
                          const std::string& name) {
    const auto of_name = name.empty() ? "" : fmt::format(" of '{}'", name);
    at::Tensor logits;
    try {
        logits = model.forward(images);
    } catch (const Error& error) {
        fail("{}{}", error.what(),
             name.empty() ? "" : fmt::format(" (while evaluating '{}')", name));
    } catch (const c10::Error& error) {
        fail("the model failed on a batch of shape [{}]{}: {}", fmt::join(images.sizes(), ", "),
             of_name, short_message(error));
    }
    require(logits.defined() && logits.dim() == 2 && logits.size(0) == images.size(0),
            "the model must return logits of shape [{}, classes] for a batch of size {}; it "
            "returned {}",
            images.size(0), images.size(0),
            logits.defined() ? fmt::format("[{}]", fmt::join(logits.sizes(), ", ")) : "nothing");
    require(highest_label < logits.size(1),
            "labels{} must be between 0 and {} (the model's classes), got {}", of_name,
            logits.size(1) - 1, highest_label);
    return logits;
}

/// The modules that keep running statistics, and the original values of these statistics.
class Inference::Norms {
  public:
    explicit Norms(Model& model) {
        for (const auto& module : model.modules()) {
            const auto buffers = module->named_buffers(/*recurse=*/false);
            const at::Tensor* mean = buffers.find("running_mean");
            const at::Tensor* variance = buffers.find("running_var");
            if (mean != nullptr && variance != nullptr && mean->defined() && variance->defined()) {
                const at::Tensor* count = buffers.find("num_batches_tracked");
                norms_.push_back({module, *mean, *variance, count ? *count : at::Tensor(),
                                  mean->clone(), variance->clone(),
                                  count ? count->clone() : at::Tensor()});
            }
        }
    }

    ~Norms() {
        for (const auto& norm : norms_) {
            norm.module->train(false);  // the EvaluationScope restores its own mode
        }
        restore();
    }
    Norms(const Norms&) = delete;
    Norms& operator=(const Norms&) = delete;

    /// Normalises each batch with its own statistics.
    void use_batches() {
        for (const auto& norm : norms_) {
            norm.module->train(true);
        }
    }

    void restore() {
        for (const auto& norm : norms_) {
            put_back(norm.mean, norm.first_mean);
            put_back(norm.variance, norm.first_variance);
            if (norm.count.defined()) {
                put_back(norm.count, norm.first_count);
            }
        }
    }

    /// `run` passes the images through the network; `fraction` is the weight of their statistics in
    /// the mixture.
    template <typename Run>
    void mix(double fraction, Run&& run) {
        const at::NoGradGuard no_grad;
        restore();
        for (auto& norm : norms_) {
            const auto [mean, variance] = statistics_of(norm, run);
            norm.mean.copy_(norm.first_mean.lerp(mean, fraction));
            norm.variance.copy_(norm.first_variance.lerp(variance, fraction));
            if (norm.count.defined()) {
                norm.count.copy_(norm.first_count);
            }
        }
    }

  private:
    struct Norm {
        std::shared_ptr<torch::nn::Module> module;
        at::Tensor mean, variance, count;
        at::Tensor first_mean, first_variance, first_count;
    };

    /// The statistics s of the module's input. In training mode, the module moves its running
    /// statistics from r to (1 - m) r + m s, where m is its momentum. Running it from r = 0 and
    /// from r = 1 therefore reveals m and s.
    template <typename Run>
    std::pair<at::Tensor, at::Tensor> statistics_of(Norm& norm, Run&& run) {
        const auto moved_from = [&](double start) {
            norm.mean.fill_(start);
            norm.variance.fill_(start);
            if (norm.count.defined()) {
                norm.count.zero_();
            }
            norm.module->train(true);
            run();
            norm.module->train(false);
            return std::pair(norm.mean.to(at::kDouble), norm.variance.to(at::kDouble));
        };
        const auto [mean_from_0, variance_from_0] = moved_from(0);
        const auto [mean_from_1, variance_from_1] = moved_from(1);
        const double momentum = 1 - (mean_from_1 - mean_from_0).mean().item().toDouble();
        require(momentum > 1e-6,
                "statistics cannot be adapted: a BatchNorm layer of the model does not update its "
                "running statistics (momentum 0, or frozen)");
        return {(mean_from_0 / momentum).to(norm.mean.scalar_type()),
                (variance_from_0 / momentum).to(norm.variance.scalar_type())};
    }

    std::vector<Norm> norms_;
};

Inference::Inference(Model& model, const Options& options)
    : model_(model),
      bfloat16_(options.bfloat16),
      statistics_(options.statistics),
      device_(device_of(model)),
      batch_size_(options.batch_size.value_or(evaluation_batch(device_))),
      evaluation_(model),
      frozen_(model),
      tf32_(options.tf32) {
    require(!options.bfloat16 || !options.tf32, "bfloat16 and tf32 are mutually exclusive");
    require(batch_size_ >= 1, "the batch size must be at least 1, got {}", batch_size_);
    require_valid(statistics_);
    if (statistics_.kind != Statistics::Kind::running) {
        norms_ = std::make_unique<Norms>(model);
    }
    if (statistics_.kind == Statistics::Kind::batch) {
        norms_->use_batches();
    }
}

Inference::~Inference() = default;

at::Tensor Inference::bring(const at::Tensor& images) const {
    return images.detach().to(device_).contiguous(at::MemoryFormat::ChannelsLast);
}

void Inference::expect_labels(const at::Tensor& labels, const std::string& name) {
    highest_label_ = -1;
    name_ = name;
    if (labels.numel() > 0) {
        const auto [lowest, highest] = labels.aminmax();
        require(lowest.item<int64_t>() >= 0, "labels must be >= 0, got {}", lowest.item<int64_t>());
        highest_label_ = highest.item<int64_t>();
    }
}

at::Tensor Inference::logits(const at::Tensor& images) const {
    at::Tensor logits;
    {
        const AutocastScope autocast(device_.type(), bfloat16_);
        logits = checked_logits(model_, images.contiguous(at::MemoryFormat::ChannelsLast),
                                highest_label_, name_);
    }
    if (at::isReducedFloatingType(logits.scalar_type())) {
        logits = logits.to(at::kFloat);
    }
    const at::NoGradGuard no_grad;
    const auto bad = logits.isfinite().all(1).logical_not().sum();
    bad_ = bad_.defined() ? bad_.add_(bad) : bad;
    images_ += images.size(0);
    return logits;
}

at::Tensor Inference::differentiable_logits(const at::Tensor& images) const {
    const at::AutoGradMode with_grad(true);
    auto result = logits(images);
    require(result.requires_grad(),
            "the model's logits have no gradient with respect to the images");
    return result;
}

void Inference::require_finite() const {
    const auto bad = bad_.defined() ? bad_.item<int64_t>() : 0;
    require(bad == 0,
            "the model returned logits that are NaN or infinite for {} of {} images{}; are its "
            "weights and the images finite?",
            bad, images_, name_.empty() ? "" : fmt::format(" of '{}'", name_));
}

void Inference::begin(const data::Dataset& dataset) {
    name_ = dataset.name();
    if (adapts()) {
        require(
            statistics_.images <= dataset.size(),
            "for adapted statistics, 'images' must be between 1 and {} (the size of '{}'), got {}",
            dataset.size(), dataset.name(), statistics_.images);
        adapt(dataset.batch(0, statistics_.images).images);
    }
}

void Inference::begin_labelled(const data::Dataset& dataset) {
    expect_labels(dataset.labels(), dataset.name());
    begin(dataset);
}

void Inference::begin_labelled(const at::Tensor& images, const at::Tensor& labels) {
    expect_labels(labels);
    if (adapts()) {
        require(statistics_.images <= images.size(0),
                "for adapted statistics, the number of images must be between 1 and {}, got {}",
                images.size(0), statistics_.images);
        adapt(images.slice(0, 0, statistics_.images));
    }
}

void Inference::try_labelled(const data::Dataset& dataset) {
    begin_labelled(dataset);
    const at::NoGradGuard no_grad;
    // Two images, because BatchNorm with the batch's own statistics may need more than one.
    logits(bring(dataset.batch(0, std::min<int64_t>(2, dataset.size())).images));
}

void Inference::adapt(const at::Tensor& images) {
    const auto count = static_cast<double>(images.size(0));
    const auto brought = bring(images);
    norms_->mix(count / (statistics_.source_weight + count), [&] {
        const AutocastScope autocast(device_.type(), bfloat16_);
        checked_logits(model_, brought);
    });
}

}  // namespace hfc::model
