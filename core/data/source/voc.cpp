#include "data/source/voc.h"

#include "base/error.h"
#include "base/file.h"

#include <pugixml.hpp>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <set>
#include <sstream>

namespace hfc::data {
namespace {

using Path = std::filesystem::path;

std::string trimmed(std::string text) {
    const auto* const spaces = " \t\r\n";
    text.erase(0, text.find_first_not_of(spaces));
    text.erase(text.find_last_not_of(spaces) + 1);
    return text;
}

/// The names in the list of a split: the first word of each line.
std::vector<std::string> read_list(const Path& file, const Path& folder, const std::string& part) {
    std::error_code error;
    require(std::filesystem::exists(file, error),
            "cannot find the split '{0}' of the VOC data set in '{1}': expected "
            "ImageSets/Main/{0}.txt, Annotations/*.xml and JPEGImages/*; missing: '{2}'",
            part, folder.string(), file.string());
    std::istringstream lines(read_file(file));
    std::vector<std::string> names;
    for (std::string line; std::getline(lines, line);) {
        std::string name;
        if (std::istringstream(line) >> name) {
            require(name.find('/') == std::string::npos && name != "..",
                    "'{}': each line must be the name of an image, without a directory; found '{}'",
                    file.string(), name);
            names.push_back(name);
        }
    }
    require(!names.empty(), "'{}' lists no images", file.string());
    return names;
}

/// One file of annotations.
class File {
  public:
    explicit File(const Path& path) : path_(path) {
        const auto text = read_file(path, uint64_t{64} << 20);
        const auto result = document_.load_buffer(text.data(), text.size());
        require(static_cast<bool>(result), "'{}': invalid XML at byte {}: {}", path.string(),
                result.offset, result.description());
        root_ = document_.child("annotation");
        require(!root_.empty(), "'{}': expected the element <annotation>, found <{}>",
                path.string(), document_.first_child().name());
    }

    std::string file_name() const { return trimmed(root_.child_value("filename")); }

    int64_t side(const char* name) const {
        const auto value = number(root_.child("size"), name, "<size>");
        require(value >= 1 && value < (1 << 24) && value == std::floor(value),
                "'{}': <size>: <{}> must be an integer >= 1, found {}", path_.string(), name,
                value);
        return static_cast<int64_t>(value);
    }

    /// Calls visit(name, box, difficult) for each object.
    template <typename Visit>
    void each_object(Visit&& visit) const {
        int64_t place = 0;
        for (const auto& object : root_.children("object")) {
            const auto where = fmt::format("object {}", ++place);
            const auto name = trimmed(object.child_value("name"));
            require(!name.empty(), "'{}': {} has no <name>", path_.string(), where);
            const auto box = object.child("bndbox");
            require(!box.empty(), "'{}': {} has no <bndbox>", path_.string(), where);
            const auto left = number(box, "xmin", where), top = number(box, "ymin", where);
            const auto right = number(box, "xmax", where), bottom = number(box, "ymax", where);
            require(left <= right, "'{}': {}: xmin must be at most xmax, found {} and {}",
                    path_.string(), where, left, right);
            require(top <= bottom, "'{}': {}: ymin must be at most ymax, found {} and {}",
                    path_.string(), where, top, bottom);
            const auto difficult =
                !object.child("difficult").empty() && number(object, "difficult", where) != 0;
            visit(name, Rectangle{left - 1, top - 1, right - left + 1, bottom - top + 1},
                  difficult);
        }
    }

    const Path& path() const { return path_; }

  private:
    double number(const pugi::xml_node& parent, const char* name, const std::string& where) const {
        const auto text = trimmed(parent.child_value(name));
        double value = 0;
        const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
        require(!text.empty() && error == std::errc() && end == text.data() + text.size() &&
                    std::isfinite(value),
                "'{}': {}: <{}> must be a number, found '{}'", path_.string(), where, name, text);
        return value;
    }

    Path path_;
    pugi::xml_document document_;
    pugi::xml_node root_;
};

std::string picture_file(const File& file, const std::string& name, const Path& folder) {
    std::error_code error;
    const auto given = file.file_name();
    const bool plain = given.find('/') == std::string::npos && given != ".." && !given.empty();
    if (plain && std::filesystem::is_regular_file(folder / given, error)) {
        return given;
    }
    for (const auto* ending : {".jpg", ".jpeg", ".png"}) {
        if (std::filesystem::is_regular_file(folder / (name + ending), error)) {
            return name + ending;
        }
    }
    return plain ? given : name + ".jpg";
}

/// The class name of an object, recorded before all classes are known.
struct Named {
    std::string name;
    Path file;
};

void resolve_classes(Annotations& result, const std::vector<Named>& named,
                     const std::vector<std::string>& classes) {
    std::set<std::string> occurring;
    std::ranges::transform(named, std::inserter(occurring, occurring.end()), &Named::name);
    const auto names =
        classes.empty() ? std::vector<std::string>(occurring.begin(), occurring.end()) : classes;
    for (size_t i = 0; i < names.size(); ++i) {
        result.categories.push_back({static_cast<int64_t>(i) + 1, names[i]});
    }
    for (size_t i = 0; i < named.size(); ++i) {
        const auto found = std::ranges::find(names, named[i].name);
        require(
            found != names.end(),
            "'{}': the class '{}' does not occur in the training split, which has the classes {}",
            named[i].file.string(), named[i].name, fmt::join(names, ", "));
        result.objects[i].category = found - names.begin();
    }
}

}  // namespace

Annotations read_voc_part(const Path& folder, const std::string& part,
                          const std::vector<std::string>& classes) {
    Annotations result;
    const auto list = folder / "ImageSets" / "Main" / (part + ".txt");
    result.name = list.string();
    result.folder = folder / "JPEGImages";
    std::vector<Named> named;
    std::set<std::string> known;
    for (const auto& name : read_list(list, folder, part)) {
        require(known.insert(name).second, "'{}' lists '{}' twice", list.string(), name);
        const File file(folder / "Annotations" / (name + ".xml"));
        const auto picture = static_cast<int64_t>(result.pictures.size());
        result.pictures.push_back({picture + 1, picture_file(file, name, result.folder),
                                   file.side("height"), file.side("width")});
        file.each_object([&](const std::string& class_name, const Rectangle& box, bool difficult) {
            BoxedObject object;
            object.id = static_cast<int64_t>(result.objects.size()) + 1;
            object.picture = picture;
            object.box = box;
            object.area = box[2] * box[3];
            object.difficult = difficult;
            result.objects.push_back(object);
            named.push_back({class_name, file.path()});
        });
    }
    resolve_classes(result, named, classes);
    return result;
}

}  // namespace hfc::data
