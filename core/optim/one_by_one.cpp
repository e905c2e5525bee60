#include "optim/one_by_one.h"

#include <ATen/ATen.h>

namespace hfc::optim {

void OneByOne::update(const Batch& batch, const OptimizerOptions& o) {
    for (size_t i = 0; i < batch.weights.size(); ++i) {
        auto weight = batch.weights[i];
        auto gradient = o.maximize ? batch.gradients[i].neg() : batch.gradients[i];
        if (o.decoupled_weight_decay) {
            weight.mul_(1 - o.lr * o.weight_decay);
        } else if (o.weight_decay != 0) {
            gradient = gradient.add(weight, o.weight_decay);
        }
        update_one(weight, gradient, *batch.states[i], o);
    }
}

}  // namespace hfc::optim
