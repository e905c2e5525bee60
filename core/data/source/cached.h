// Pictures that are decoded once, when they are first needed, and then stored.
#pragma once

#include "data/source/pictures.h"

#include <filesystem>
#include <memory>

namespace hfc::data {

/// Returns the same samples, of which those in `samples` (int64 [n]) are decoded only once: into
/// memory or, if memory is short, into a file that is deleted with the source. With a directory,
/// they are stored in a file there, which later processes use as long as the names, sizes and times
/// of the picture files and the steps do not change. Several processes may share it. Throws Error
/// for random steps, for a file of another kind or size, and if the directory has no space.
std::shared_ptr<const Source> cached(std::shared_ptr<const PictureSource> pictures,
                                     const at::Tensor& samples,
                                     const std::filesystem::path& folder = {});

}  // namespace hfc::data
