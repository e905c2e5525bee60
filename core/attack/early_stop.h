// An attack whose images leave as soon as they are fooled.
#pragma once

#include "attack/method.h"

namespace hfc::attack {

class EarlyStoppingAttack {
  public:
    /// first_gradient: at the images, if it is known and the settings are gradient_first. The
    /// images themselves must not be fooled.
    EarlyStoppingAttack(const AttackedNetwork& network, const Settings& settings,
                        const AttackBatch& batch, const at::Tensor& first_gradient);

    /// Before run(): also keeps the first images that succeed.
    void keep_images() { adversarial_ = images_; }
    /// They, and the unperturbed images where the attack failed.
    const at::Tensor& adversarial() const { return adversarial_; }
    /// They, and the result of the attack where it failed.
    at::Tensor results() const;

    /// All iterations. For each image the size, in the norm of the attack, of the first
    /// perturbation that succeeds; infinity for none. float64 [N], CPU.
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
    at::Tensor positions_;  ///< int64, in the batch
    at::Tensor found_;
    at::Tensor adversarial_;  ///< undefined: not kept
};

}  // namespace hfc::attack
