// What run:plot and run:image say and give back.
#pragma once

#include "bindings/runtime/state.h"

#include <cstdio>
#include <filesystem>
#include <string>
#include <vector>

namespace hfc::lua {

/// The paths as strings, for Lua. Where gnuplot was missing or not to be started, says once a
/// figure on standard error how its programs become pictures.
inline std::vector<std::string> figure_files(lua_State* L, const char* function,
                                             const std::vector<std::filesystem::path>& paths) {
    const char* const reason =
        host_info(L).draws ? "gnuplot is not installed (Debian package gnuplot-nox); where it is"
                           : "the sandbox does not start gnuplot; outside it";
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
