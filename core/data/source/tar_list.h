// The pictures in a list of tars, and any numbers stored next to them.
#pragma once

#include "data/source/tar.h"

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace hfc::data {

struct TarPicture {
    uint64_t offset = 0;  ///< where its bytes start
    uint64_t name = 0;    ///< where its name starts in TarList::names
    uint32_t size = 0;    ///< bytes
    uint32_t tar = 0;
    int64_t label = 0;
};

struct TarFile {
    std::filesystem::path path;
    uint64_t size = 0;    ///< in bytes, when its index was made
    int64_t written = 0;  ///< as PictureFiles::written(), at that time
};

struct TarList {
    std::vector<TarFile> tars;
    std::vector<TarPicture> pictures;
    std::string names;      ///< each with a terminating zero
    bool numbered = false;  ///< whether `label` is the number in NAME.cls; otherwise it is 0
    /// The number of files that are not pictures, by extension.
    std::map<std::string, int64_t> left_out;

    std::string_view name(const TarPicture& picture) const { return names.c_str() + picture.name; }
    void add(TarPicture picture, std::string_view name);
};

/// Lists tars. In a tar that contains a file NAME.cls, only files with a single extension
/// (NAME.jpg, not NAME.seg.png) count as pictures. Throws Error as walk_tar() does, and also for a
/// picture larger than 1 GiB, for a picture without NAME.cls if others have one, for two pictures
/// with the same NAME, and for a NAME.cls that does not contain a number. index: a directory for
/// walk_indexed_tar(), or empty.
TarList list_tars(const std::vector<std::filesystem::path>& tars,
                  const std::filesystem::path& index = {});

/// The distinct top-level directories in the names, in byte order; "" for names without a
/// directory.
std::vector<std::string> top_folders(const TarList& list);

/// The pictures below `folder`, with that directory removed from their names.
TarList below(const TarList& list, const std::string& folder);

}  // namespace hfc::data
