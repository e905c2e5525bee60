// Which names remain when somebody types.
#pragma once

#include <string>
#include <vector>

namespace hfc::viewer {

/// Whether each name contains all the words typed, in any case of letters. If no name does, a word
/// also matches as an abbreviation: in order, its letters begin words of the name or continue
/// their beginnings, and a number must be whole. "nl4" matches "natural: train low r=4" and not
/// "natural: train low r=40". Nothing typed matches everything.
std::vector<bool> matching(const std::vector<std::string>& names, const std::string& typed);

}  // namespace hfc::viewer
