// Pictures with boxes, as listed in the files of a detection data set. Uses no tensors.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace hfc::data {

/// x, y, width and height in pixels, where 0, 0 is the upper left corner of the picture.
using Rectangle = std::array<double, 4>;

struct ListedPicture {
    int64_t id = 0;
    std::string file;  ///< relative to the directory of the pictures
    int64_t height = 0;
    int64_t width = 0;
};

struct Category {
    int64_t id = 0;
    std::string name;
};

struct BoxedObject {
    int64_t id = 0;
    int64_t picture = 0;   ///< its index in Annotations::pictures
    int64_t category = 0;  ///< its index in Annotations::categories
    Rectangle box = {};
    /// The area of the object's outline if the file gives it, otherwise the area of the box.
    double area = 0;
    bool crowd = false;      ///< a group of objects that were not annotated individually
    bool difficult = false;  ///< VOC: the object counts neither if found nor if missed

    bool is_ignored() const { return crowd || difficult; }
    bool is_degenerate() const { return !(box[2] > 0 && box[3] > 0); }
};

struct Annotations {
    /// The file or split that contains the annotations, for messages.
    std::string name;
    std::filesystem::path folder = {};    ///< the directory of the pictures
    std::vector<ListedPicture> pictures;  ///< in ascending order of their ids
    std::vector<Category> categories;     ///< in ascending order of their ids
    std::vector<BoxedObject> objects;     ///< in the order of the files
    std::vector<std::string> notes = {};  ///< remarks on the files for the user
};

}  // namespace hfc::data
