// What run:plot and run:image say and give back.
#pragma once

#include <cstdio>
#include <filesystem>
#include <string>
#include <vector>

namespace hfc::lua {

/// The paths as texts, for Lua. Where gnuplot was missing, says once a figure on standard error how
/// its programs become pictures.
inline std::vector<std::string> figure_files(const char* function,
                                             const std::vector<std::filesystem::path>& paths) {
    std::vector<std::string> texts;
    for (const auto& path : paths) {
        texts.push_back(path.string());
        if (texts.back().ends_with(".png.gp")) {
            std::fprintf(stderr,
                         "%s: gnuplot is not installed (Debian package gnuplot-nox); where it is: "
                         "gnuplot '%s' > '%s'\n",
                         function, path.c_str(), path.stem().c_str());
        }
    }
    return texts;
}

}  // namespace hfc::lua
