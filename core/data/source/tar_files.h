// Pictures in tars: shards in WebDataset's format, ImageNet's tar of tars, a packed directory.
#pragma once

#include "data/dataset.h"
#include "data/source/folder.h"

#include <filesystem>
#include <string>
#include <vector>

namespace hfc::data {

struct TarOptions {
    FolderOptions folder = {};
    std::string test = {};  ///< the test split, in the same form as load_tar()'s `train`
    /// The directory in which indices are stored; if empty, they are not stored.
    std::filesystem::path index = {};
};

/// Returns the files that a pattern such as "train-{0000..0146}.tar", "a.tar,b.tar" or "{a,b}.tar"
/// stands for. Throws Error for an unclosed brace and for more than 100 000 files.
std::vector<std::filesystem::path> expand_pattern(const std::string& pattern);

/// Reads pictures directly from tars, using only an index of their positions. `train` is a file
/// pattern. Without options.test, it can also name a directory with train*.tar and val*.tar (or
/// test*.tar), or tars with members in train/ and val/ (or test/). The class of a picture is the
/// first directory in its name or, if the tars contain NAME.cls files, the number in the picture's
/// NAME.cls. Within a class, pictures are sorted by name in ImageFolder's order, whichever tar they
/// are in. Everything else is as in load_folder(). Throws Error as walk_tar() does (naming the tar
/// and the byte), and also for a duplicate file name, for a picture without a class, and for splits
/// with different classes.
Pair load_tar(const std::string& train, const TarOptions& options,
              std::vector<std::string>* notes = nullptr);

}  // namespace hfc::data
