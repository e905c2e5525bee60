// Several attacks one after the other, such as AutoAttack (Croce and Hein 2020).
#pragma once

#include "attack/options.h"

#include <string>
#include <vector>

namespace hfc::attack {

/// A version of AutoAttack by its name, or attacks of the caller.
struct Sequence {
    std::string version;               ///< "standard", "plus" or "rand"; empty: the steps
    std::vector<AttackOptions> steps;  ///< which take the epsilon of the whole
};

/// Throws Error for an unknown version.
void require_version(const std::string& version);

/// The attacks, for a network of so many classes. notes: receives a sentence for what the number of
/// classes changes.
std::vector<AttackOptions> steps_of(const AttackOptions& options, int64_t classes,
                                    std::vector<std::string>& notes);

/// "apgd dlr, 9 targets".
std::string name_of_step(const AttackOptions& step);

}  // namespace hfc::attack
