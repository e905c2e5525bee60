// Pictures that are decoded once and kept, each when it is first asked for.
#pragma once

#include "data/source/pictures.h"

#include <filesystem>
#include <memory>

namespace hfc::data {

/// The same samples; those of `samples` (int64 [n]) are decoded once: into memory, or, where it is
/// short, a file that goes with the source. With a folder, into a file there that later processes
/// use, too, as long as names, sizes and times of the picture files and the steps are the same.
/// Several processes may share it. Throws Error for random steps, for a file of another kind or
/// size, and where the folder has no room.
std::shared_ptr<const Source> cached(std::shared_ptr<const PictureSource> pictures,
                                     const at::Tensor& samples,
                                     const std::filesystem::path& folder = {});

}  // namespace hfc::data
