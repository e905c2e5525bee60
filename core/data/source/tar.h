// The files in a tar, found by reading only their headers.
#pragma once

#include "base/file.h"

#include <cstdint>
#include <functional>
#include <string>

namespace hfc::data {

/// A regular file in a tar.
struct TarEntry {
    std::string name;     ///< "n01440764/n01440764_10026.JPEG", without a leading "./"
    uint64_t header = 0;  ///< where its header starts, for messages
    uint64_t offset = 0;  ///< where its bytes start in the tar
    uint64_t size = 0;
};

/// Visits the files of a tar (ustar, pax or GNU) in order. If it contains a file NAME.tar, visits
/// the files in that tar, with NAME/ in front of their names. Directories, devices, and links to
/// files that are not pictures are skipped. Throws Error naming the file and the byte for a
/// compressed or damaged tar, for a tar without an end marker, for absolute names and names with
/// "..", and for content that this program cannot read: sparse files, partial files, links to
/// pictures.
void walk_tar(const InputFile& tar, const std::function<void(TarEntry&& entry)>& take);

}  // namespace hfc::data
