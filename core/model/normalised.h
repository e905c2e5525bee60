// A network that first normalises its images.
#pragma once

#include "model/model.h"

#include <vector>

namespace hfc::model {

/// The mean and standard deviation of ImageNet's pixels in [0,1], per channel, as torchvision uses
/// them.
inline const std::vector<double> imagenet_mean = {.485, .456, .406};
inline const std::vector<double> imagenet_deviation = {.229, .224, .225};

/// network((images - mean) / deviation), per channel. The buffers are `mean` and `deviation`; the
/// network itself is the child module `network`.
class NormalisedModel : public Model {
  public:
    /// Throws Error if the two lists differ in length, if a deviation is not above 0, or if the
    /// network is itself a NormalisedModel.
    NormalisedModel(ModelPtr network, const std::vector<double>& mean,
                    const std::vector<double>& deviation);
    at::Tensor forward(const at::Tensor& images) override;
    std::vector<at::Tensor> features(const at::Tensor& images,
                                     const std::vector<std::string>& layers) override;
    void replace_head(int64_t classes, uint64_t seed, const std::string& layer) override;
    ModelPtr copy() const override;
    bool calls_back() const override { return network_->calls_back(); }

    const ModelPtr& network() const { return network_; }
    const std::vector<double>& mean() const { return mean_; }
    const std::vector<double>& deviation() const { return deviation_; }

  private:
    at::Tensor normalise(const at::Tensor& images) const;

    ModelPtr network_;
    std::vector<double> mean_, deviation_;
    at::Tensor mean_tensor_, deviation_tensor_;
};

}  // namespace hfc::model
