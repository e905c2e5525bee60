// The pictures of some tars, and the number that stands beside each, where there are any.
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
    uint64_t offset = 0;  ///< of its bytes
    uint64_t name = 0;    ///< where its name begins in TarList::names
    uint32_t size = 0;    ///< bytes
    uint32_t tar = 0;
    int64_t label = 0;
};

struct TarFile {
    std::filesystem::path path;
    uint64_t size = 0;    ///< bytes, when its index was made
    int64_t written = 0;  ///< as PictureFiles::written(), at that time
};

struct TarList {
    std::vector<TarFile> tars;
    std::vector<TarPicture> pictures;
    std::string names;      ///< each with its closing zero
    bool numbered = false;  ///< whether label is the number in NAME.cls, else it is 0
    std::map<std::string, int64_t> left_out;  ///< files that are no pictures, by ending

    std::string_view name(const TarPicture& picture) const { return names.c_str() + picture.name; }
    void add(TarPicture picture, std::string_view name);
};

/// Lists tars. Where any has a file NAME.cls, the pictures are those called NAME and one more
/// ending. Throws Error as walk_tar() does, for a picture larger than 1 GiB, for a picture without
/// NAME.cls where others have one, for two pictures of one NAME there, and for a NAME.cls that is
/// no number.
/// index: a folder for walk_indexed_tar(), or none.
TarList list_tars(const std::vector<std::filesystem::path>& tars,
                  const std::filesystem::path& index = {});

/// The first folders in the names, sorted by byte; "" for a name without a folder.
std::vector<std::string> top_folders(const TarList& list);

/// The pictures below `folder`, without it in their names.
TarList below(const TarList& list, const std::string& folder);

}  // namespace hfc::data
