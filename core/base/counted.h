// Numbers with their nouns, for messages.
#pragma once

#include <fmt/format.h>

#include <string>
#include <string_view>

namespace hfc {

/// "1 run", "2 runs": for nouns whose plural ends in "s".
template <typename Count>
std::string counted(Count count, std::string_view noun) {
    return fmt::format("{} {}{}", count, noun, count == 1 ? "" : "s");
}

}  // namespace hfc
