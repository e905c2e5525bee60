// The versions of this program and its libraries.
#pragma once

#include <string>
#include <utility>
#include <vector>

namespace hfc::lua {

/// Library -> version: hfc-host, LuaJIT, LibTorch, FFTW.
std::vector<std::pair<std::string, std::string>> versions();

}  // namespace hfc::lua
