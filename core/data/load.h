// Data sets by name.
#pragma once

#include "data/dataset.h"
#include "data/source/boxed.h"
#include "data/source/folder.h"
#include "data/source/synthetic.h"
#include "data/source/tar_files.h"

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

namespace hfc::data {

struct LoadOptions {
    uint64_t seed = 0;                ///< of `synthetic`
    SyntheticOptions synthetic = {};  ///< settings of `synthetic`; its seed is taken from `seed`
    FolderOptions folder = {};        ///< of `folder:DIR` and `tar:FILE`
    std::string tar_test = {};        ///< of `tar:FILE`: the tars of the test part
    std::string tar_index = {};       ///< of `tar:FILE`: a folder to keep indices in
    BoxedOptions boxed = {};          ///< of `coco:DIR` and `voc:DIR`
    ShapesOptions shapes = {};        ///< of `boxes`; its seed is taken from `seed`
    std::string split = "balanced";   ///< of `emnist`: byclass, bymerge, balanced, letters, digits
                                      ///< or mnist
    std::string labels = "fine";      ///< of `cifar100`: fine (100 classes) or coarse (20)
};

/// Loads "synthetic", "cifar10", "cifar100", "mnist", "fashion_mnist", "kmnist", "emnist" or
/// "folder:DIR" (DIR/train/CLASS/*, DIR/val or DIR/test/CLASS/*), "tar:FILE" (the same in tars:
/// see tar_files.h), and of objects in pictures
/// "boxes", "coco:DIR" and "voc:DIR". The files may lie in the folders
/// that torchvision makes. notes: receives a sentence for each damaged file whose double was read,
/// and for files of folder:DIR and tar:FILE that were left out.
/// Throws Error for an unknown name (listing the known ones), for
/// missing files (naming the files expected, where, and how to get them), and for damaged files
/// (naming file, expected, found).
Pair load(const std::string& name, const LoadOptions& options = {},
          std::vector<std::string>* notes = nullptr);

/// The names load() knows, for help and messages.
std::vector<std::string> known_names();

/// Makes a data set: `name` is what load() was called with.
using LoadFunction = std::function<Pair(const std::string& name, const LoadOptions& options,
                                        std::vector<std::string>* notes)>;

/// From now on load() knows this name. A data set that comes with the program is a line in load.cpp
/// instead.
void add_data_set(const std::string& name, LoadFunction load);

/// The folder that holds the data sets' folders: set_root() (an empty path takes it back), else the
/// environment's HFC_DATA, else ./data.
std::filesystem::path root();
void set_root(const std::filesystem::path& folder);

}  // namespace hfc::data
