// The messages and results of run:plot and run:image.
#pragma once

#include "bindings/runtime/state.h"

#include <cstdio>
#include <filesystem>
#include <string>
#include <vector>

namespace hfc::lua {

/// Returns the paths as strings, for Lua. If gnuplot is missing or must not be started, prints once
/// per figure on standard error which command draws the figure.
inline std::vector<std::string> figure_files(lua_State* L, const char* function,
                                             const std::vector<std::filesystem::path>& paths) {
    const char* const reason = host_info(L).draws
                                   ? "gnuplot is not installed (Debian package gnuplot-nox); to "
                                     "draw the figure, install it and run"
                                   : "gnuplot cannot run in the sandbox; to draw the figure, run "
                                     "this outside the sandbox";
    std::vector<std::string> texts;
    for (const auto& path : paths) {
        texts.push_back(path.string());
        if (texts.back().ends_with(".png.gp")) {
            std::fprintf(stderr, "%s: %s: gnuplot '%s' > '%s'\n", function, reason, path.c_str(),
                         path.stem().c_str());
        }
    }
    return texts;
}

}  // namespace hfc::lua
