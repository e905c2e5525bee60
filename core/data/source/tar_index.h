// Stores the index of a tar in a file, so that its headers are read only once.
#pragma once

#include "data/source/tar.h"

#include <filesystem>
#include <functional>

namespace hfc::data {

/// Like walk_tar(), but if `folder` is not empty, reads the entries from an index file there. The
/// name of the index file is derived from the tar's path, size and time. If the index file does not
/// exist, it is created. Throws Error naming the index file if it is damaged.
void walk_indexed_tar(const InputFile& tar, const std::filesystem::path& folder,
                      const std::function<void(TarEntry&& entry)>& take);

}  // namespace hfc::data
