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
    std::string test = {};  ///< like `train` of load_tar(), for the test split
    /// A directory in which to keep indices; empty: they are not kept.
    std::filesystem::path index = {};
};

/// The files that a pattern names: "train-{0000..0146}.tar", "a.tar,b.tar" and "{a,b}.tar" each
/// name several. Throws Error for an unclosed brace and for more than 100 000 files.
std::vector<std::filesystem::path> expand_pattern(const std::string& pattern);

/// Reads pictures directly from tars, with only an index of their positions. `train` is a pattern
/// of files or, without options.test, a directory with train*.tar and val*.tar (or test*.tar), or
/// files whose members are in train/ and val/ (or test/). The class of a picture is the first
/// directory in its name or, if there is any NAME.cls, the number in the one next to the picture.
/// Within a class, pictures are in ImageFolder's order of their names, whichever tar they are in.
/// Everything else is as in load_folder(). Throws Error naming the tar and the byte as walk_tar()
/// does, for a duplicate file name, for a picture without a class, and for splits with different
/// classes.
Pair load_tar(const std::string& train, const TarOptions& options,
              std::vector<std::string>* notes = nullptr);

}  // namespace hfc::data
