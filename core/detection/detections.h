// Detections, and files that store them in COCO's result format.
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

/// Throws Error naming the row if its picture or category is not in `truth`, its box or score is
/// not finite, or its width or height is negative.
void require_valid(const std::vector<Detection>& detections, const data::Annotations& truth);

/// Reads COCO's result format, [{"image_id":, "category_id":, "bbox": [x, y, w, h], "score":},
/// ...]. If the content is invalid, throws Error naming the file and the byte or entry.
std::vector<Detection> read_detections(const std::filesystem::path& file,
                                       const data::Annotations& truth);

/// Like read_detections(), but for the text of a file.
std::vector<Detection> parse_detections(std::string_view text, const std::filesystem::path& file,
                                        const data::Annotations& truth);

/// Writes COCO's result format. Reading the file with read_detections() returns exactly the same
/// numbers.
void write_detections(const std::filesystem::path& file, const std::vector<Detection>& detections,
                      const data::Annotations& truth);

}  // namespace hfc::detection
