// A network that is only asked: in evaluation mode, its parameters without gradients, for a scope.
#pragma once

#include "attack/victim.h"
#include "mask/source.h"
#include "model/model.h"

#include <string>

namespace hfc::mask {

class Network {
  public:
    /// `function` opens error messages: "hfc.mask.learn". bfloat16: forward passes are in an
    /// AutocastScope, and passes back take its dtypes.
    Network(model::Model& model, std::string function, bool bfloat16 = false);

    at::Device device() const { return device_; }
    const std::string& function() const { return function_; }

    /// Logits float32 [N, classes] of images on the network's device. Records a graph where the
    /// caller's gradient mode says so. Throws Error for images that the network cannot take.
    at::Tensor logits(const at::Tensor& images) const;

    /// The cross-entropy of each image, whose labels are those of require_labels().
    at::Tensor cross_entropy(const at::Tensor& logits, const at::Tensor& labels) const;

    /// Throws Error where a label of the images is beyond the logits: before anything is done class
    /// by class.
    void require_labels(const Source& source) const;

  private:
    model::Model& model_;
    std::string function_;
    bool bfloat16_;
    at::Device device_;
    model::EvaluationScope evaluation_;
    attack::FrozenScope frozen_;
};

}  // namespace hfc::mask
