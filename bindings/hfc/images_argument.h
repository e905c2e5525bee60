// The arguments of functions that measure a network: images with labels, and options for running
// the network.
#pragma once

#include "bindings/runtime/call.h"
#include "data/dataset.h"
#include "model/inference.h"

#include <chrono>
#include <string>

namespace hfc::lua {

/// A data set given as an argument, and the position after it.
struct ImagesArgument {
    data::Dataset dataset;
    int next;
};

/// Reads a Dataset, or a Tensor of images float32 [N, C, H, W]. A Tensor of labels, int64 [N], may
/// follow the images if `labels_follow` is true. If `labels` is defined, it replaces the labels in
/// both cases.
ImagesArgument images_argument(Call& call, int position, const char* parameter,
                               const at::Tensor& labels = {}, bool labels_follow = true);

/// The Tensor of an option, or an undefined one if the option is not given.
at::Tensor tensor_option(Options& options, const char* key);

/// Reads the options batch_size, statistics, bfloat16 and tf32.
model::Inference::Options read_inference(lua_State* L, Options& options, at::Device device);

/// Reads statistics = "running", "batch" or {adapted = {images = n, source_weight = N}}.
model::Statistics read_statistics(lua_State* L, Options& options);

/// Prints the progress of a long computation on standard error, at most every ten seconds.
class SlowProgress {
  public:
    explicit SlowProgress(std::string what) : what_(std::move(what)) {}
    void tell(const std::string& where);

  private:
    std::string what_;
    std::chrono::steady_clock::time_point told_ = std::chrono::steady_clock::now();
};

}  // namespace hfc::lua
