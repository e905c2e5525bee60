// COCO's annotation files.
#pragma once

#include "data/source/annotations.h"

#include <filesystem>
#include <string>
#include <string_view>

namespace hfc::data {

/// Reads the images, annotations and categories in an instances file. A missing `iscrowd` counts as
/// 0, and a missing `area` is replaced by the area of the box. Anything unusual is reported in
/// the result's `notes`. Throws Error for content that cannot be used (damaged JSON, a field with
/// the wrong type, an unknown picture or category, a duplicate id, or a file name that points
/// outside the directory). The message names the file and the byte or the entry.
Annotations read_coco(const std::filesystem::path& file);

/// Like read_coco(), but for the text of a file.
Annotations parse_coco(std::string_view text, const std::filesystem::path& file);

/// Reads DIR/annotations/instances_PART.json, with the pictures in DIR/PART. Throws Error if the
/// file or DIR/PART is missing, saying what is expected and where to get it.
Annotations read_coco_part(const std::filesystem::path& folder, const std::string& part);

}  // namespace hfc::data
