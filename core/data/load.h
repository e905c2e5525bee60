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
    uint64_t seed = 0;                ///< seeds `synthetic`
    SyntheticOptions synthetic = {};  ///< options of `synthetic`; its seed is taken from `seed`
    FolderOptions folder = {};        ///< options of `folder:DIR` and `tar:FILE`
    std::string tar_test = {};        ///< for `tar:FILE`: the tars of the test split
    std::string tar_index = {};       ///< for `tar:FILE`: a directory in which to keep indices
    BoxedOptions boxed = {};          ///< options of `coco:DIR` and `voc:DIR`
    ShapesOptions shapes = {};        ///< options of `boxes`; its seed is taken from `seed`
    /// For `emnist`: byclass, bymerge, balanced, letters, digits or mnist.
    std::string split = "balanced";
    std::string labels = "fine";  ///< for `cifar100`: fine (100 classes) or coarse (20)
};

/// Loads "synthetic", "cifar10", "cifar100", "mnist", "fashion_mnist", "kmnist", "emnist",
/// "folder:DIR" (DIR/train/CLASS/*, DIR/val or DIR/test/CLASS/*), "tar:FILE" (the same in tars: see
/// tar_files.h), or, for object detection, "boxes", "coco:DIR" and "voc:DIR". The files may also be
/// in the directories that torchvision creates. notes: receives a sentence for each damaged file
/// that was replaced by another candidate, and for files of folder:DIR and tar:FILE that were left
/// out. Throws Error for an unknown name (listing the known ones), for missing files (naming the
/// expected files and their directory, and saying how to get them), and for damaged files (naming
/// the file and describing the expected and actual content).
Pair load(const std::string& name, const LoadOptions& options = {},
          std::vector<std::string>* notes = nullptr);

/// The names that load() recognises, for help and messages.
std::vector<std::string> known_names();

/// Makes a data set. `name` is the name passed to load().
using LoadFunction = std::function<Pair(const std::string& name, const LoadOptions& options,
                                        std::vector<std::string>* notes)>;

/// Makes load() recognise this name from now on. For a data set that comes with the program, add a
/// line to load.cpp instead.
void add_data_set(const std::string& name, LoadFunction load);

/// The directory that contains the data sets' directories: the argument of set_root() (an empty
/// path resets it), otherwise the environment variable HFC_DATA, otherwise ./data.
std::filesystem::path root();
void set_root(const std::filesystem::path& folder);

}  // namespace hfc::data
