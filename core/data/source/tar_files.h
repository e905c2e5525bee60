// Pictures in tars: shards as WebDataset writes them, ImageNet's tar of tars, a packed folder.
#pragma once

#include "data/dataset.h"
#include "data/source/folder.h"

#include <filesystem>
#include <string>
#include <vector>

namespace hfc::data {

struct TarOptions {
    FolderOptions folder = {};
    std::string test = {};             ///< as `train` of load_tar(), of the test part
    std::filesystem::path index = {};  ///< a folder to keep indices in; empty: they are not kept
};

/// The files that a pattern names: "train-{0000..0146}.tar", "a.tar,b.tar" and "{a,b}.tar" name
/// several. Throws Error for a brace that does not close and for more than 100 000 files.
std::vector<std::filesystem::path> expand_pattern(const std::string& pattern);

/// Reads pictures from tars where they lie: only an index of their places is made. `train` is a
/// pattern of files; or, without options.test, a folder of train*.tar and val*.tar (or test*.tar),
/// or files whose members lie in train/ and val/ (or test/). A picture's class is the first folder
/// of its name or, where any NAME.cls is there, the number in the one beside it. Within a class
/// pictures follow in ImageFolder's order of their names, whatever tar they are in; all else is as
/// in load_folder(). Throws Error naming tar and byte as walk_tar() does, for two files of one
/// name, for a picture without a class, and for classes that differ.
Pair load_tar(const std::string& train, const TarOptions& options,
              std::vector<std::string>* notes = nullptr);

}  // namespace hfc::data
