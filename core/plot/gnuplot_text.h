// Pieces of gnuplot programs that all figures share.
#pragma once

#include "plot/format.h"

#include <string>

namespace hfc::plot {

constexpr int font_size = 13;  ///< in points, where nothing else is asked for

/// The mean width of a character.
constexpr double character_width(double size) {
    return 0.6 * size;
}

/// A string for gnuplot in which nothing is expanded; a line break, which would end the command,
/// becomes a space.
std::string quote(const std::string& text);

/// Characters, not bytes.
size_t characters(const std::string& text);

struct Canvas {
    double width = 0;  ///< in points, as all the rest
    double height = 0;
    double font = font_size;
    bool print = false;  ///< points are those of print (1/72 inch), not a screen's pixels
};

/// The command that sets the terminal.
std::string terminal(Format format, const Canvas& canvas);

}  // namespace hfc::plot
