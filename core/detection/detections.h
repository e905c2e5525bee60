// The detections of a detector, and COCO's files for them.
#pragma once

#include "data/source/annotations.h"

#include <filesystem>
#include <string_view>
#include <vector>

namespace hfc::detection {

struct Detection {
    int64_t picture = 0;   ///< its index in Annotations::pictures
    int64_t category = 0;  ///< its index in Annotations::categories
    data::Rectangle box = {};
    double score = 0;
};

/// Throws Error naming the row for a picture or category that `truth` does not have, for a box or a
/// score that is not finite, and for a negative width or height.
void require_valid(const std::vector<Detection>& detections, const data::Annotations& truth);

/// Reads COCO's result format, [{"image_id":, "category_id":, "bbox": [x, y, w, h], "score":},
/// ...]. Throws Error naming the file and the byte or the entry for content that cannot be used.
std::vector<Detection> read_detections(const std::filesystem::path& file,
                                       const data::Annotations& truth);

/// Like read_detections(), but for the text of a file.
std::vector<Detection> parse_detections(std::string_view text, const std::filesystem::path& file,
                                        const data::Annotations& truth);

/// Writes COCO's result format. Reading the file returns the same numbers.
void write_detections(const std::filesystem::path& file, const std::vector<Detection>& detections,
                      const data::Annotations& truth);

}  // namespace hfc::detection
