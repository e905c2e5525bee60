// The optimizers themselves; train/optimizer.h chooses among them.
#pragma once

#include "train/optimizer.h"

namespace hfc::train {

using Groups = std::vector<ParameterGroup>;

/// Zeiler 2012.
std::unique_ptr<Optimizer> make_adadelta(Groups groups);
/// Duchi, Hazan, Singer 2011.
std::unique_ptr<Optimizer> make_adagrad(Groups groups);
/// Kingma, Ba 2015.
std::unique_ptr<Optimizer> make_adam(Groups groups);
/// Loshchilov, Hutter 2019.
std::unique_ptr<Optimizer> make_adamw(Groups groups);
/// Hinton's lecture 6e, as PyTorch has it.
std::unique_ptr<Optimizer> make_rmsprop(Groups groups);
/// Stochastic gradient descent with momentum, Nesterov's too.
std::unique_ptr<Optimizer> make_sgd(Groups groups);

}  // namespace hfc::train
