// An attack in which images leave the batch as soon as they fool the network.
#pragma once

#include "attack/method.h"

namespace hfc::attack {

class EarlyStoppingAttack {
  public:
    /// first_gradient: undefined or, for settings with gradient_first, the gradient at the
    /// unperturbed images. If it is defined, the batch must not contain images that already fool
    /// the network, because the first iteration then does not look for them.
    EarlyStoppingAttack(const AttackedNetwork& network, const Settings& settings,
                        const AttackBatch& batch, const at::Tensor& first_gradient);

    /// Keeps the first successful version of each image. Call this before run().
    void keep_images() { adversarial_ = images_; }
    /// For each image, the first successful version, or the unperturbed image if the attack failed.
    const at::Tensor& adversarial() const { return adversarial_; }
    /// For each image, the first successful version, or the attack's result if it failed.
    at::Tensor results() const;

    /// Runs all iterations. Returns, for each image, the size of the first successful
    /// perturbation (in the attack's norm), or infinity if there is none: float64 [N], CPU.
    at::Tensor run();

  private:
    void iterate(bool first);
    at::Tensor drop_fooled(const at::Tensor& fooled);
    bool over() const { return positions_.numel() == 0; }

    const AttackedNetwork& network_;
    const Settings& settings_;
    std::unique_ptr<Attack> attack_;
    at::Tensor first_gradient_;
    at::Tensor images_;  ///< the remaining images, unperturbed
    at::Tensor labels_;
    at::Tensor positions_;  ///< int64, positions in the batch
    at::Tensor found_;
    at::Tensor adversarial_;  ///< undefined unless keep_images() was called
};

}  // namespace hfc::attack
