// Several attacks, one after another, such as AutoAttack (Croce and Hein 2020).
#pragma once

#include "attack/options.h"

#include <string>
#include <vector>

namespace hfc::attack {

/// A version of AutoAttack by name, or the caller's own attacks.
struct Sequence {
    std::string version;               ///< "standard", "plus" or "rand"; empty to use `steps`
    std::vector<AttackOptions> steps;  ///< they use the epsilon of the sequence
};

/// Throws Error for an unknown version.
void require_version(const std::string& version);

/// Returns the attacks for a network with this many classes. notes: receives a sentence for each
/// change that is needed because there are few classes.
std::vector<AttackOptions> steps_of(const AttackOptions& options, int64_t classes,
                                    std::vector<std::string>& notes);

/// "apgd dlr, 9 targets".
std::string name_of_step(const AttackOptions& step);

}  // namespace hfc::attack
