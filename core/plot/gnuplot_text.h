// Parts of gnuplot programs that all figures share.
#pragma once

#include "plot/format.h"

#include <string>

namespace hfc::plot {

constexpr int font_size = 13;  ///< in points, the default

/// The mean width of a character.
constexpr double character_width(double size) {
    return 0.6 * size;
}

/// Quotes a string so that gnuplot does not expand anything in it. A line break, which would end
/// the command, becomes a space.
std::string quote(const std::string& text);

/// The number of characters, not of bytes.
size_t characters(const std::string& text);

struct Canvas {
    double width = 0;  ///< in points, like all other lengths
    double height = 0;
    double font = font_size;
    bool print = false;  ///< points are 1/72 inch, as in print, not screen pixels
};

/// The command that sets the terminal.
std::string terminal(Format format, const Canvas& canvas);

}  // namespace hfc::plot
