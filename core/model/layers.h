// The few layers the built-in networks are made of: parameters under PyTorch's names, ATen calls for the work.
// torch::nn's own modules would do the same at a third more compile time (measured: 14.2 against 10.5 s a file).
#pragma once

#include "model/model.h"

#include <cstdint>

namespace hfc::model {

/// A square convolution without bias that keeps the size at stride 1 (padding kernel / 2, for an odd kernel). Parameter: weight.
class Convolution : public torch::nn::Module {
  public:
    Convolution(int64_t in_channels, int64_t out_channels, int64_t kernel, int64_t stride = 1);
    at::Tensor forward(const at::Tensor& x) const;

  private:
    at::Tensor weight_;
    int64_t stride_;
    int64_t padding_;
};

/// BatchNorm over N, H and W, running statistics with PyTorch's momentum .1. Parameters weight and bias; buffers running_mean,
/// running_var and num_batches_tracked.
class BatchNorm : public torch::nn::Module {
  public:
    BatchNorm(int64_t channels, double epsilon);
    at::Tensor forward(const at::Tensor& x);

  private:
    at::Tensor weight_, bias_, running_mean_, running_var_, num_batches_tracked_;
    double epsilon_;
};

/// x W^T + b. Parameters: weight and bias.
class Linear : public torch::nn::Module {
  public:
    Linear(int64_t in_features, int64_t out_features);
    at::Tensor forward(const at::Tensor& x) const;

  private:
    at::Tensor weight_, bias_;
};

/// Modules in a row, named 0, 1, 2 ... as in nn.Sequential.
template <typename Layer>
class Row : public torch::nn::Module {
  public:
    template <typename... Args>
    void append(Args&&... args) {
        layers_.push_back(register_module(std::to_string(layers_.size()), std::make_shared<Layer>(std::forward<Args>(args)...)));
    }
    at::Tensor forward(at::Tensor x) {
        for (const auto& layer : layers_) {
            x = layer->forward(x);
        }
        return x;
    }

  private:
    std::vector<std::shared_ptr<Layer>> layers_;
};

/// Xavier (Glorot) uniform values, +- sqrt(6 / (fan_in + fan_out)), for every weight of two or more dimensions, drawn by the seed
/// and the weight's name: an option that adds layers does not shift the values of the others.
void initialise_xavier(Model& model, uint64_t seed);

/// Throws Error unless images are [N, channels, H, W] with at least one pixel.
void require_images(const at::Tensor& images, const std::string& model, int64_t channels);

}  // namespace hfc::model
