// Filters names by the text that the user types.
#pragma once

#include <string>
#include <vector>

namespace hfc::viewer {

/// Whether each name contains all words typed, ignoring case. If no name does, a word also matches
/// as an abbreviation. An abbreviation consists of beginnings of words of the name, in the same
/// order; a number must match completely. "nl4" matches "natural: train low r=4" but not "natural:
/// train low r=40". An empty text matches everything.
std::vector<bool> matching(const std::vector<std::string>& names, const std::string& typed);

}  // namespace hfc::viewer
