// gnuplot as a child process.
#pragma once

#include "plot/format.h"

#include <string>

namespace hfc::plot {

/// Whether gnuplot is on the PATH.
bool has_gnuplot();

/// Runs gnuplot on `program` and returns its standard output. Uses neither a shell nor a temporary
/// file, and ignores the user's own gnuplot settings. Throws Error if gnuplot is missing (naming
/// the Debian package) or fails (with gnuplot's message).
std::string run_gnuplot(const std::string& program);

/// Like run_gnuplot(), for a program that draws a file in this format. The same program always
/// produces the same bytes. Enlarged pixels in an SVG file stay sharp, and a PDF file does not
/// contain its creation time.
std::string draw(const std::string& program, Format format);

}  // namespace hfc::plot
