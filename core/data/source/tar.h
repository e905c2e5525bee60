// The files in a tar, found by their headers alone.
#pragma once

#include "base/file.h"

#include <cstdint>
#include <functional>
#include <string>

namespace hfc::data {

/// A regular file in a tar.
struct TarEntry {
    std::string name;     ///< "n01440764/n01440764_10026.JPEG", without a leading "./"
    uint64_t header = 0;  ///< where its header begins, for messages
    uint64_t offset = 0;  ///< where its bytes begin in the tar
    uint64_t size = 0;
};

/// Hands over the files of a tar (ustar, pax or GNU) in their order; of a file NAME.tar in it, the
/// files within, below NAME/. Folders and devices are passed over, links to what is no picture as
/// well. Throws Error naming the file and the byte for a compressed or damaged tar, for one that
/// has no end mark, for absolute names and names with "..", and for what this program cannot read:
/// sparse files, pieces of files, links to pictures.
void walk_tar(const InputFile& tar, const std::function<void(TarEntry&& entry)>& take);

}  // namespace hfc::data
