// Data sets by name.
#pragma once

#include "data/dataset.h"
#include "data/synthetic.h"

#include <filesystem>
#include <string>
#include <vector>

namespace hfc::data {

struct LoadOptions {
    uint64_t seed = 0;                ///< of `synthetic`
    SyntheticOptions synthetic = {};  ///< settings of `synthetic`; its seed is taken from `seed`
    int64_t image_size = 224;  ///< `folder:`: shorter side resized to this, then the centre cropped
                               ///< to a square of it
};

/// Loads "synthetic", "cifar10", "mnist", "fashion_mnist" or "folder:DIR" (DIR/train/CLASS/*,
/// DIR/val or DIR/test/CLASS/*). Throws Error for an unknown name (listing the known ones), for
/// missing files (naming the files expected, where, and how to get them), and for damaged files
/// (naming file, expected, found).
Pair load(const std::string& name, const LoadOptions& options = {});

/// The names load() knows, for help and messages.
const std::vector<std::string>& known_names();

/// The folder that holds the data sets' folders: set_root() (an empty path takes it back), else the
/// environment's HFC_DATA, else ./data.
std::filesystem::path root();
void set_root(const std::filesystem::path& folder);

}  // namespace hfc::data
