// gnuplot as a child process.
#pragma once

#include <string>

namespace hfc::run {

/// A gnuplot is on the PATH.
bool has_gnuplot();

/// Runs gnuplot on `program` and returns what it wrote to its standard output. No shell and no
/// temporary file is involved, and the user's own gnuplot settings are passed over. Throws Error
/// when gnuplot is missing (naming the Debian package) or fails (with its own words).
std::string run_gnuplot(const std::string& program);

}  // namespace hfc::run
