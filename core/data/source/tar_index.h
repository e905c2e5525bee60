// An index of a tar that is kept in a file, so that its headers are read once.
#pragma once

#include "data/source/tar.h"

#include <filesystem>
#include <functional>

namespace hfc::data {

/// As walk_tar(). With a folder the entries are read from a file there, or written to one that is
/// named after the tar's path, size and time. Throws Error naming that file where it is damaged.
void walk_indexed_tar(const InputFile& tar, const std::filesystem::path& folder,
                      const std::function<void(TarEntry&& entry)>& take);

}  // namespace hfc::data
