// Pictures with boxes, as the files of a detection data set list them. No tensors.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace hfc::data {

/// x, y, width and height in pixels; the picture's upper left corner is 0, 0.
using Rectangle = std::array<double, 4>;

struct ListedPicture {
    int64_t id = 0;
    std::string file;  ///< below the folder of the pictures
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
    double area = 0;         ///< of the object's outline, where the file has it; else of its box
    bool crowd = false;      ///< a group of objects that nobody counted
    bool difficult = false;  ///< VOC: found or not, it counts neither way

    bool is_ignored() const { return crowd || difficult; }
    bool is_degenerate() const { return !(box[2] > 0 && box[3] > 0); }
};

struct Annotations {
    std::string name;                     ///< the file or part they come from, for messages
    std::filesystem::path folder = {};    ///< of the pictures
    std::vector<ListedPicture> pictures;  ///< in ascending order of their ids
    std::vector<Category> categories;     ///< likewise
    std::vector<BoxedObject> objects;     ///< in the order of the files
    std::vector<std::string> notes = {};  ///< what a user should know of the files
};

}  // namespace hfc::data
