// gnuplot as a child process.
#pragma once

#include "plot/format.h"

#include <string>

namespace hfc::plot {

/// A gnuplot is on the PATH.
bool has_gnuplot();

/// Runs gnuplot on `program` and returns what it wrote to its standard output. No shell and no
/// temporary file is involved, and the user's own gnuplot settings are passed over. Throws Error
/// when gnuplot is missing (naming the Debian package) or fails (with its own words).
std::string run_gnuplot(const std::string& program);

/// The same for a program that draws a file of this format; the same program gives the same bytes.
/// Enlarged pixels in an SVG are told to stay sharp, and a PDF does not say when it was made.
std::string draw(const std::string& program, Format format);

}  // namespace hfc::plot
