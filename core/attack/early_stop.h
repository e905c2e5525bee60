// An attack in which images leave the batch as soon as they are fooled.
#pragma once

#include "attack/method.h"

namespace hfc::attack {

class EarlyStoppingAttack {
  public:
    /// first_gradient: at the images, if it is known and the settings are gradient_first. The
    /// images themselves must not be fooled.
    EarlyStoppingAttack(const AttackedNetwork& network, const Settings& settings,
                        const AttackBatch& batch, const at::Tensor& first_gradient);

    /// Call it before run() to keep the first image that succeeds as well.
    void keep_images() { adversarial_ = images_; }
    /// The first images that succeed, and the unperturbed image where the attack failed.
    const at::Tensor& adversarial() const { return adversarial_; }
    /// They, and the result of the attack where it failed.
    at::Tensor results() const;

    /// Runs all iterations. Returns, for each image, the size of the first perturbation that
    /// succeeds, in the norm of the attack, or infinity if none does. float64 [N], CPU.
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
