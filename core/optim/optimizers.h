// The optimizers themselves; optim/optimizer.h chooses one of them.
#pragma once

#include "optim/optimizer.h"

#include <memory>
#include <string>
#include <vector>

namespace hfc::optim {

using Groups = std::vector<ParameterGroup>;
using Maker = std::unique_ptr<Optimizer> (*)(Groups);

/// The function that builds the optimizer `name`: one of known_optimizers(), or lbfgs.
Maker maker_of(const std::string& name);

/// L-BFGS, optionally with a strong-Wolfe line search, as in minFunc. Supports only one group.
std::unique_ptr<Optimizer> make_lbfgs(Groups groups);

}  // namespace hfc::optim
