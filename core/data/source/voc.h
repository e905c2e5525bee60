// Data sets in the format of Pascal VOC.
#pragma once

#include "data/source/annotations.h"

#include <filesystem>
#include <string>
#include <vector>

namespace hfc::data {

/// Reads the annotations (DIR/Annotations/*.xml) of the pictures listed in
/// DIR/ImageSets/Main/PART.txt; the pictures themselves are in DIR/JPEGImages. In the files, boxes
/// are 1-based and include both ends; they become x = xmin - 1 and width = xmax - xmin + 1.
/// classes: the allowed classes of objects; if empty, all classes that occur, sorted. Ids count
/// from 1. Throws Error naming the file if it is missing or cannot be used.
Annotations read_voc_part(const std::filesystem::path& folder, const std::string& part,
                          const std::vector<std::string>& classes = {});

}  // namespace hfc::data
