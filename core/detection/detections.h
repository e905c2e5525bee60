// What a detector has found, and COCO's files of it.
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

/// Throws Error naming the row for a picture or category that `truth` has not, for a box or a score
/// that is not finite and for a width or height below 0.
void require_valid(const std::vector<Detection>& detections, const data::Annotations& truth);

/// Reads COCO's result form, [{"image_id":, "category_id":, "bbox": [x, y, w, h], "score":}, ...].
/// Throws Error naming the file and the byte or the entry for what cannot be used.
std::vector<Detection> read_detections(const std::filesystem::path& file,
                                       const data::Annotations& truth);

/// The same of a file's text.
std::vector<Detection> parse_detections(std::string_view text, const std::filesystem::path& file,
                                        const data::Annotations& truth);

/// Writes that form, so that reading gives the same numbers.
void write_detections(const std::filesystem::path& file, const std::vector<Detection>& detections,
                      const data::Annotations& truth);

}  // namespace hfc::detection
