// COCO's annotation files.
#pragma once

#include "data/source/annotations.h"

#include <filesystem>
#include <string>
#include <string_view>

namespace hfc::data {

/// Reads images, annotations and categories of an instances file. A missing `iscrowd` is 0, a
/// missing `area` the box's; what is unusual is told in notes. Throws Error naming the file and the
/// byte or the entry for what cannot be used: damaged JSON, a field of another type, an unknown
/// picture or category, two equal ids, a file name that leads out of the folder.
Annotations read_coco(const std::filesystem::path& file);

/// The same of a file's text.
Annotations parse_coco(std::string_view text, const std::filesystem::path& file);

/// DIR/annotations/instances_PART.json with the pictures in DIR/PART. Throws Error where one is
/// missing, saying what is expected and where to get it.
Annotations read_coco_part(const std::filesystem::path& folder, const std::string& part);

}  // namespace hfc::data
