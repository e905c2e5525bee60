// What the layers of a network give.
#pragma once

#include "model/measure.h"

namespace hfc::model {

/// While it lives, what these layers of a built-in network give in this thread is kept, the last of
/// several calls.
class FeatureScope {
  public:
    explicit FeatureScope(std::vector<const torch::nn::Module*> layers);
    ~FeatureScope();
    FeatureScope(const FeatureScope&) = delete;
    FeatureScope& operator=(const FeatureScope&) = delete;
    /// Undefined for a layer that did not run.
    const std::vector<at::Tensor>& results() const { return results_; }

    /// Whether one lives in this thread.
    static bool is_active();
    static void record(const torch::nn::Module& layer, const at::Tensor& result);

  private:
    std::vector<const torch::nn::Module*> layers_;
    std::vector<at::Tensor> results_;
    FeatureScope* outer_;
};

/// What layers give for a data set: for each of them [N, ...] on the CPU. Evaluation mode, no
/// gradients. Throws Error for a layer that the network lacks, and as accuracy() does.
std::vector<at::Tensor> features(Model& model, const data::Dataset& dataset,
                                 const std::vector<std::string>& layers,
                                 const Inference::Options& options = {});

}  // namespace hfc::model
