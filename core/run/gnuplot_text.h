// Pieces of gnuplot programs that all figures share.
#pragma once

#include "run/figure.h"

#include <string>

namespace hfc::run {

constexpr int font_size = 13;
constexpr double character = 0.6 * font_size;  ///< mean width of one, in points

/// A text in single quotes, between which gnuplot expands nothing; a line break, which would end
/// the command, becomes a space.
std::string quote(const std::string& text);

/// Characters, not bytes.
size_t characters(const std::string& text);

/// The command that sets the terminal for a canvas of that size in points.
std::string terminal(Format format, double width, double height);

}  // namespace hfc::run
