// The optimizers themselves; optim/optimizer.h chooses among them.
#pragma once

#include "optim/optimizer.h"

namespace hfc::optim {

using Groups = std::vector<ParameterGroup>;

/// Zeiler 2012.
std::unique_ptr<Optimizer> make_adadelta(Groups groups);
/// Duchi, Hazan, Singer 2011.
std::unique_ptr<Optimizer> make_adagrad(Groups groups);
/// Kingma, Ba 2015.
std::unique_ptr<Optimizer> make_adam(Groups groups);
/// Adam with the largest gradient for the mean square: Kingma, Ba 2015.
std::unique_ptr<Optimizer> make_adamax(Groups groups);
/// Loshchilov, Hutter 2019.
std::unique_ptr<Optimizer> make_adamw(Groups groups);
/// Averaged gradient descent: Polyak, Juditsky 1992.
std::unique_ptr<Optimizer> make_asgd(Groups groups);
/// L-BFGS with at most a strong-Wolfe line search, as minFunc has it. One group only.
std::unique_ptr<Optimizer> make_lbfgs(Groups groups);
/// Adam with Nesterov's momentum: Dozat 2016.
std::unique_ptr<Optimizer> make_nadam(Groups groups);
/// Adam with a rectified rate: Liu et al. 2020.
std::unique_ptr<Optimizer> make_radam(Groups groups);
/// Hinton's lecture 6e, as PyTorch has it.
std::unique_ptr<Optimizer> make_rmsprop(Groups groups);
/// Resilient backpropagation: Riedmiller, Braun 1993.
std::unique_ptr<Optimizer> make_rprop(Groups groups);
/// Stochastic gradient descent with momentum, Nesterov's too.
std::unique_ptr<Optimizer> make_sgd(Groups groups);

}  // namespace hfc::optim
