// Pictures that are decoded once, when they are first needed, and then stored.
#pragma once

#include "data/source/pictures.h"

#include <filesystem>
#include <memory>

namespace hfc::data {

/// Returns a source of the same pictures, which decodes the pictures in `samples` (int64 [n]) only
/// once: into memory or, if memory is short, into a file that is deleted with the source. If
/// `folder` is not empty, the decoded pictures are stored in a cache file there. Later processes
/// use this file as long as the steps and the names, sizes and times of the picture files do not
/// change. Several processes may share the file. Throws Error if any step is random, if the cache
/// file has unexpected content or size, or if the directory has no space.
std::shared_ptr<const Source> cached(std::shared_ptr<const PictureSource> pictures,
                                     const at::Tensor& samples,
                                     const std::filesystem::path& folder = {});

}  // namespace hfc::data
