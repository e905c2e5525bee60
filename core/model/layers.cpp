#include "model/layers.h"

#include "base/dtype_name.h"
#include "base/error.h"
#include "base/images.h"
#include "model/synchronised_norm.h"

#include <ATen/ATen.h>
#include <ATen/autocast_mode.h>

#include <algorithm>

namespace hfc::model {

Convolution::Convolution(int64_t in_channels, int64_t out_channels, int64_t kernel, int64_t stride)
    : Convolution(in_channels, out_channels, kernel,
                  Settings{.stride = stride, .padding = {}, .bias = false}) {}

Convolution::Convolution(int64_t in_channels, int64_t out_channels, int64_t kernel,
                         const Settings& settings)
    : weight_(register_parameter("weight", at::zeros({out_channels, in_channels, kernel, kernel}))),
      stride_(settings.stride),
      padding_(settings.padding.value_or(kernel / 2)),
      same_(settings.same) {
    if (settings.bias) {
        bias_ = register_parameter("bias", at::zeros({out_channels}));
    }
}

at::Tensor Convolution::forward(const at::Tensor& x) const {
    return observed(forward_with(x, weight_, bias_));
}

at::Tensor Convolution::forward_with(const at::Tensor& x, const at::Tensor& weight,
                                     const at::Tensor& bias) const {
    if (!same_) {
        return at::conv2d(x, weight, bias, stride_, padding_);
    }
    const auto missing = [&](int64_t dim) {
        const auto results = (x.size(dim) + stride_ - 1) / stride_;
        return std::max<int64_t>((results - 1) * stride_ + weight.size(dim) - x.size(dim), 0);
    };
    const auto rows = missing(2), columns = missing(3);
    const auto padded =
        at::constant_pad_nd(x, {columns / 2, columns - columns / 2, rows / 2, rows - rows / 2});
    const int64_t none = 0;
    return at::conv2d(padded, weight, bias, at::IntArrayRef(stride_), at::IntArrayRef(none));
}

BatchNorm::BatchNorm(int64_t channels, double epsilon, NormKind kind) : epsilon_(epsilon) {
    const auto add = [&](const char* name, const at::Tensor& values) {
        return kind == NormKind::frozen ? register_buffer(name, values)
                                        : register_parameter(name, values);
    };
    weight_ = add("weight", at::ones({channels}));
    bias_ = add("bias", at::zeros({channels}));
    running_mean_ = register_buffer("running_mean", at::zeros({channels}));
    running_var_ = register_buffer("running_var", at::ones({channels}));
    if (kind == NormKind::trained) {
        num_batches_tracked_ = register_buffer("num_batches_tracked", at::zeros({}, at::kLong));
    }
}

at::Tensor BatchNorm::forward(const at::Tensor& x) {
    constexpr double momentum = 0.1;
    if (auto* const group = SynchronisedNorms::group(); group != nullptr && uses_batch()) {
        num_batches_tracked_.add_(1);
        return observed(synchronised_norm(
            *group, x, {weight_, bias_, running_mean_, running_var_, momentum, epsilon_}));
    }
    if (uses_batch()) {
        require(x.numel() != x.size(1),
                "BatchNorm: Expected more than 1 value per channel when training, got input size "
                "[{}]; a single value has no variance. If the last batch has only one image, drop "
                "it (drop_last); otherwise choose a different batch size or use evaluation mode",
                fmt::join(x.sizes(), ", "));
        num_batches_tracked_.add_(1);
    }
    return observed(at::batch_norm(x, weight_, bias_, running_mean_, running_var_, uses_batch(),
                                   momentum, epsilon_, /*cudnn_enabled=*/true));
}

BatchNorm::Affine BatchNorm::affine() const {
    const auto scale = weight_ * (running_var_ + epsilon_).rsqrt();
    return {scale, bias_ - running_mean_ * scale};
}

at::Tensor convolve(const Convolution& convolution, BatchNorm* batch_norm, const at::Tensor& x) {
    if (!batch_norm) {
        return convolution.forward(x);
    }
    const auto& weight = convolution.weight();
    const auto& bias = convolution.bias();
    const bool learns =
        at::GradMode::is_enabled() && (weight.requires_grad() || batch_norm->learns());
    // Folding scales all weights, so it is slower than normalising the output if there are fewer
    // pixels than weights per output channel.
    if (batch_norm->uses_batch() || learns || convolution.has_hooks() ||
        x.size(0) * x.size(2) * x.size(3) < weight[0].numel()) {
        return batch_norm->forward(convolution.forward(x));
    }
    const auto [scale, shift] = batch_norm->affine();
    return batch_norm->observed(convolution.forward_with(
        x, weight * scale.view({-1, 1, 1, 1}), bias.defined() ? shift + bias * scale : shift));
}

Linear::Linear(int64_t in_features, int64_t out_features)
    : weight_(register_parameter("weight", at::zeros({out_features, in_features}))),
      bias_(register_parameter("bias", at::zeros({out_features}))) {}

at::Tensor Linear::forward(const at::Tensor& x) const {
    return observed(at::linear(x, weight_, bias_));
}

void Linear::set_parameter(const std::string& name, const at::Tensor& value) {
    Layer::set_parameter(name, value);
    (name == "weight" ? weight_ : bias_) = value;
}

void Sequence::append_convolution_and_norm(int64_t in_channels, int64_t out_channels,
                                           int64_t kernel, const Convolution::Settings& settings,
                                           double epsilon, NormKind kind) {
    const auto number = steps_.size();
    const auto convolution =
        register_module(std::to_string(number),
                        std::make_shared<Convolution>(in_channels, out_channels, kernel, settings));
    const auto norm = register_module(std::to_string(number + 1),
                                      std::make_shared<BatchNorm>(out_channels, epsilon, kind));
    append_function(
        [convolution, norm](const at::Tensor& x) { return convolve(*convolution, norm.get(), x); });
    append_function([](const at::Tensor& x) { return x; });
}

void Sequence::append_relu() {
    append_function([](at::Tensor x) { return x.relu_(); });
}

void Sequence::append_max_pool(int64_t kernel, int64_t stride, bool ceil_mode) {
    append_function(
        [=](const at::Tensor& x) { return at::max_pool2d(x, kernel, stride, 0, 1, ceil_mode); });
}

void Sequence::append_dropout(double probability) {
    append_function([this, probability](const at::Tensor& x) {
        return at::dropout(x, probability, is_training());
    });
}

at::Tensor Sequence::forward(at::Tensor x) const {
    for (const auto& step : steps_) {
        x = step(x);
    }
    return observed(x);
}

int64_t small_first_kernel(const ModelOptions& options) {
    return options.channels == 1 ? 5 : 3;
}

namespace {

/// Called for images that are not float32, the dtype of nearly all networks.
void require_dtype(const at::Tensor& images, const Model& model) {
    const auto parameters = model.parameters();
    const auto expected = parameters.empty() ? at::kFloat : parameters.front().scalar_type();
    const bool autocast = at::autocast::is_autocast_enabled(images.device().type());
    require(images.is_floating_point() && (autocast || images.scalar_type() == expected),
            "{} expects images of dtype {}, got {} [{}]{}", model.name(), dtype_name(expected),
            dtype_name(images.scalar_type()), fmt::join(images.sizes(), ", "),
            expected == at::kFloat ? image_advice(images) : "");
}

}  // namespace

void require_images(const at::Tensor& images, const Model& model, int64_t channels,
                    int64_t smallest) {
    const auto& name = model.name();
    if (images.scalar_type() != at::kFloat) {
        require_dtype(images, model);
    }
    if (images.dim() != 4) {
        fail("{} expects a batch of images [N, {}, H, W], got a tensor of shape [{}]{}", name,
             channels, fmt::join(images.sizes(), ", "), image_advice(images));
    }
    if (images.size(1) != channels && has_channels_last(images)) {
        fail("{} expects images [N, {}, H, W], got a batch of shape [{}] with channels last{}",
             name, channels, fmt::join(images.sizes(), ", "), image_advice(images));
    }
    require(images.size(1) == channels,
            "this {} expects images with {} channel(s), got a batch of shape [{}]; create it with "
            "channels = {}",
            name, channels, fmt::join(images.sizes(), ", "), images.size(1));
    require(images.size(2) > 0 && images.size(3) > 0,
            "{} requires images of at least one pixel, got a batch of shape [{}]", name,
            fmt::join(images.sizes(), ", "));
    require(images.size(2) >= smallest && images.size(3) >= smallest,
            "the torchvision variant of {} requires images of at least {} x {} pixels, got a batch "
            "of shape [{}]; form = \"small\" accepts images of any size",
            name, smallest, smallest, fmt::join(images.sizes(), ", "));
}

}  // namespace hfc::model
