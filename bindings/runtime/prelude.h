// The Lua half of the API, embedded in the binary.
#pragma once

#include <vector>

namespace hfc::lua {

struct PreludeFile {
    const char* name;  ///< "options.lua"
    const char* text;
};

/// Sorted by name. They run in this order, except those that deferred.lua runs later.
const std::vector<PreludeFile>& prelude_files();

}  // namespace hfc::lua
