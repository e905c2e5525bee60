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

/// The files that a pattern names: "train-{0000..0146}.tar", "a.tar,b.tar" and "{a,b}.tar" each
/// name several. Throws Error for an unclosed brace and for more than 100 000 files.
std::vector<std::filesystem::path> expand_pattern(const std::string& pattern);

/// Reads pictures directly from tars, with only an index of their positions. `train` is a file
/// pattern. Without options.test, it can also be a directory with train*.tar and val*.tar (or
/// test*.tar), or tars whose members are in train/ and val/ (or test/). The class of a picture is
/// the first directory in its name or, if the tars contain NAME.cls files, the number in the
/// picture's NAME.cls. Within a class, pictures are sorted by name in ImageFolder's order,
/// whichever tar they are in. Everything else is as in load_folder(). Throws Error naming the tar
/// and the byte as walk_tar() does, for a duplicate file name, for a picture without a class, and
/// for splits with different classes.
Pair load_tar(const std::string& train, const TarOptions& options,
              std::vector<std::string>* notes = nullptr);

}  // namespace hfc::data
