// Stores the index of a tar in a file, so that its headers are read only once.
#pragma once

#include "data/source/tar.h"

#include <filesystem>
#include <functional>

namespace hfc::data {

/// Like walk_tar(). With a directory, reads the entries from a file there, or writes them to one
/// that is named after the tar's path, size and time. Throws Error naming that file if it is
/// damaged.
void walk_indexed_tar(const InputFile& tar, const std::filesystem::path& folder,
                      const std::function<void(TarEntry&& entry)>& take);

}  // namespace hfc::data
