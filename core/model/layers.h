// The few layers that the built-in networks use, with PyTorch's parameter names. They call ATen
// directly. torch::nn's own modules would do the same but take a third longer to compile (measured:
// 14.2 s instead of 10.5 s per file).
#pragma once

#include "model/layer.h"
#include "model/model.h"

#include <cstdint>
#include <functional>

namespace hfc::model {

/// A convolution with a square kernel. With stride 1, an odd kernel and the default padding, the
/// output has the same size as the input. Parameters: weight, and bias if requested.
class Convolution : public Layer {
  public:
    struct Settings {
        int64_t stride = 1;
        std::optional<int64_t> padding;  ///< kernel / 2 if unset
        bool bias = false;
        /// Use TensorFlow's SAME padding instead of `padding`: the result has ceil(size / stride)
        /// pixels, and the larger part of the padding is at the bottom and on the right.
        bool same = false;
    };
    Convolution(int64_t in_channels, int64_t out_channels, int64_t kernel, int64_t stride = 1);
    Convolution(int64_t in_channels, int64_t out_channels, int64_t kernel,
                const Settings& settings);
    at::Tensor forward(const at::Tensor& x) const;
    const at::Tensor& weight() const { return weight_; }
    /// [out_channels], or undefined.
    const at::Tensor& bias() const { return bias_; }
    /// Like forward(), but with the given weights and bias.
    at::Tensor forward_with(const at::Tensor& x, const at::Tensor& weight,
                            const at::Tensor& bias) const;

  private:
    at::Tensor weight_, bias_;
    int64_t stride_;
    int64_t padding_;
    bool same_;
};

/// Which numbers of a BatchNorm change during training.
enum class NormKind {
    trained,
    frozen,  ///< none: torchvision's FrozenBatchNorm2d, whose four numbers per channel are buffers
};

/// BatchNorm over N, H and W. Its running statistics have PyTorch's default momentum, .1.
/// Parameters: weight and bias. Buffers: running_mean, running_var and num_batches_tracked.
class BatchNorm : public Layer {
  public:
    BatchNorm(int64_t channels, double epsilon, NormKind kind = NormKind::trained);
    at::Tensor forward(const at::Tensor& x);
    /// BatchNorm's function in evaluation mode: x -> scale x + shift. Both tensors are [channels].
    struct Affine {
        at::Tensor scale, shift;
    };
    Affine affine() const;
    bool learns() const { return weight_.requires_grad() || bias_.requires_grad(); }
    /// Whether the images in a batch affect one another's results.
    bool uses_batch() const { return is_training() && num_batches_tracked_.defined(); }

  private:
    at::Tensor weight_, bias_, running_mean_, running_var_;
    at::Tensor num_batches_tracked_;  ///< undefined if frozen
    double epsilon_;
};

/// batch_norm(convolution(x)); batch_norm may be null. In evaluation mode, if no weight requires
/// grad, batch_norm can be folded into the weights of the convolution; the result is the same
/// except for rounding.
at::Tensor convolve(const Convolution& convolution, BatchNorm* batch_norm, const at::Tensor& x);

/// x W^T + b. Parameters: weight and bias.
class Linear : public Layer {
  public:
    Linear(int64_t in_features, int64_t out_features);
    at::Tensor forward(const at::Tensor& x) const;
    const at::Tensor& weight() const { return weight_; }
    void set_parameter(const std::string& name, const at::Tensor& value) override;

  private:
    at::Tensor weight_, bias_;
};

/// Layers in sequence, numbered 0, 1, 2 ... as in nn.Sequential; layers without weights are also
/// counted.
class Sequence : public Layer {
  public:
    using Function = std::function<at::Tensor(const at::Tensor&)>;

    template <typename Step, typename... Args>
    void append(Args&&... args) {
        const auto layer = register_module(std::to_string(steps_.size()),
                                           std::make_shared<Step>(std::forward<Args>(args)...));
        steps_.emplace_back([layer](const at::Tensor& x) { return layer->forward(x); });
    }
    /// Appends two layers. Each has its own number, but they are computed as one: see convolve().
    void append_convolution_and_norm(int64_t in_channels, int64_t out_channels, int64_t kernel,
                                     const Convolution::Settings& settings, double epsilon,
                                     NormKind kind = NormKind::trained);
    void append_function(Function function) { steps_.push_back(std::move(function)); }
    /// Works in place, so the previous layer must not need its output for backward().
    void append_relu();
    void append_max_pool(int64_t kernel, int64_t stride, bool ceil_mode);
    /// Has an effect only in training mode.
    void append_dropout(double probability);
    at::Tensor forward(at::Tensor x) const;

  private:
    std::vector<Function> steps_;
};

/// The size of the first kernel in a network for small images: 3, or 5 for grey images, as in the
/// paper's experiments on grey data sets.
int64_t small_first_kernel(const ModelOptions& options);

/// BatchNorm's epsilon in torchvision's networks.
constexpr double torchvision_epsilon = 1e-5;

/// Throws Error unless images are floating-point, have the network's dtype, and are [N, channels,
/// H, W] with at least `smallest` x `smallest` pixels.
void require_images(const at::Tensor& images, const Model& model, int64_t channels,
                    int64_t smallest = 1);

}  // namespace hfc::model
