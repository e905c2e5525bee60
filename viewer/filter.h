// Filters names by the text that the user types.
#pragma once

#include <string>
#include <vector>

namespace hfc::viewer {

/// For each name, whether it contains all the words typed, ignoring case. If no name does, words
/// also match as abbreviations. An abbreviation consists of prefixes of words in the name, in the
/// same order; a number must match completely. "nl4" matches "natural: train low r=4" but not
/// "natural: train low r=40". An empty string matches everything.
std::vector<bool> matching(const std::vector<std::string>& names, const std::string& typed);

}  // namespace hfc::viewer
