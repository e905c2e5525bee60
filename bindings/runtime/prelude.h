// The Lua half of the API, embedded in the binary.
#pragma once

#include <vector>

namespace hfc::lua {

struct PreludeFile {
    const char* name;  ///< "options.lua"
    const char* text;
};

/// In alphabetical order, in which they run.
const std::vector<PreludeFile>& prelude_files();

}  // namespace hfc::lua
