// Data sets in the form of Pascal VOC.
#pragma once

#include "data/source/annotations.h"

#include <filesystem>
#include <string>
#include <vector>

namespace hfc::data {

/// Reads the pictures that DIR/ImageSets/Main/PART.txt lists from DIR/Annotations/*.xml, with the
/// pictures in DIR/JPEGImages. Boxes, 1-based with both ends included in the files, become x =
/// xmin - 1 and width = xmax - xmin + 1. classes: those an object may have; empty: all that occur,
/// sorted. Ids count from 1. Throws Error naming the file for what is missing or cannot be used.
Annotations read_voc_part(const std::filesystem::path& folder, const std::string& part,
                          const std::vector<std::string>& classes = {});

}  // namespace hfc::data
