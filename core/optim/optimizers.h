// The optimizers themselves; optim/optimizer.h chooses among them.
#pragma once

#include "optim/optimizer.h"

#include <memory>
#include <string>
#include <vector>

namespace hfc::optim {

using Groups = std::vector<ParameterGroup>;
using Maker = std::unique_ptr<Optimizer> (*)(Groups);

/// The maker of one of known_optimizers() or of lbfgs.
Maker maker_of(const std::string& name);

/// L-BFGS with at most a strong-Wolfe line search, as minFunc has it. One group only.
std::unique_ptr<Optimizer> make_lbfgs(Groups groups);

}  // namespace hfc::optim
