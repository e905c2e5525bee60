#include "data/source/coco.h"

#include "base/error.h"
#include "base/file.h"
#include "data/source/json_records.h"

#include <algorithm>
#include <cmath>
#include <unordered_map>
#include <unordered_set>

namespace hfc::data {
namespace {

using Path = std::filesystem::path;
using Index = std::unordered_map<int64_t, int64_t>;

/// Sorts by id and returns the position of each id. Throws Error for two equal ids.
template <typename Listed>
Index sort_by_id(std::vector<Listed>& all, const Path& file, const char* list) {
    std::ranges::stable_sort(all, {}, &Listed::id);
    const auto twice = std::ranges::adjacent_find(all, {}, &Listed::id);
    if (twice != all.end()) {
        fail("'{}': two entries of '{}' have the id {}", file.string(), list, twice->id);
    }
    Index index;
    index.reserve(all.size());
    for (size_t i = 0; i < all.size(); ++i) {
        index.emplace(all[i].id, static_cast<int64_t>(i));
    }
    return index;
}

class Reader {
  public:
    explicit Reader(const Path& file) : file_(file) { result_.name = file.string(); }

    Annotations read(std::string_view text) {
        std::vector<JsonList> lists(3);
        lists[0] = {"images", {"id", "file_name", "height", "width"}, {}};
        lists[1] = {
            "annotations", {"id", "image_id", "category_id", "bbox", "area", "iscrowd"}, {}};
        lists[2] = {"categories", {"id", "name"}, {}};
        lists[0].take = [&](JsonRecord& record, int64_t place) {
            add_picture(record, describe_record(lists[0], record, place));
        };
        lists[1].take = [&](JsonRecord& record, int64_t place) {
            add_object(record, lists[1], place);
        };
        lists[2].take = [&](JsonRecord& record, int64_t place) {
            add_category(record, describe_record(lists[2], record, place));
        };
        read_json_records(text, file_, lists);
        resolve();
        add_notes();
        return std::move(result_);
    }

  private:
    void add_picture(JsonRecord& record, const std::string& where) {
        ListedPicture picture;
        picture.id = require_whole(record.id, "id", file_, where);
        require(record.file_name.has_value(), "'{}': {} has no 'file_name'", file_.string(), where);
        const Path name(*record.file_name);
        const bool leads_out = name.is_absolute() || name.empty() ||
                               std::ranges::any_of(name, [](const Path& p) { return p == ".."; });
        require(!leads_out,
                "'{}': {}: 'file_name' must name a file inside the image directory, found '{}'",
                file_.string(), where, *record.file_name);
        picture.file = std::move(*record.file_name);
        picture.height = side(record.height, "height", where);
        picture.width = side(record.width, "width", where);
        result_.pictures.push_back(std::move(picture));
    }

    int64_t side(const std::optional<double>& field, const char* name, const std::string& where) {
        const auto value = require_whole(field, name, file_, where);
        require(value >= 1 && value < (1 << 24),
                "'{}': {}: '{}' must be at least 1 pixel, found {}", file_.string(), where, name,
                value);
        return value;
    }

    void add_category(JsonRecord& record, const std::string& where) {
        require(record.name.has_value(), "'{}': {} has no 'name'", file_.string(), where);
        result_.categories.push_back(
            {require_whole(record.id, "id", file_, where), std::move(*record.name)});
    }

    void add_object(JsonRecord& record, const JsonList& list, int64_t place) {
        const auto where = [&] { return describe_record(list, record, place); };
        require(record.bbox && record.bbox->size() == 4,
                "'{}': {}: 'bbox' must be four numbers x, y, width, height; found {}",
                file_.string(), where(),
                record.bbox ? std::to_string(record.bbox->size()) : "none");
        BoxedObject object;
        std::ranges::copy(*record.bbox, object.box.begin());
        const auto whole = [&](const std::optional<double>& field, const char* name) {
            return field && std::floor(*field) == *field && std::abs(*field) < 9e15
                       ? static_cast<int64_t>(*field)
                       : require_whole(field, name, file_, where());
        };
        object.id = record.id ? whole(record.id, "id") : -1;
        has_ids_ = has_ids_ && record.id;
        object.picture = whole(record.image_id, "image_id");
        object.category = whole(record.category_id, "category_id");
        object.crowd = record.iscrowd.value_or(0) != 0;
        object.area = record.area.value_or(object.box[2] * object.box[3]);
        without_area_ += record.area ? 0 : 1;
        result_.objects.push_back(object);
    }

    /// Ids become places.
    void resolve() {
        const auto pictures = sort_by_id(result_.pictures, file_, "images");
        const auto categories = sort_by_id(result_.categories, file_, "categories");
        std::unordered_set<int64_t> ids;
        ids.reserve(result_.objects.size());
        for (size_t i = 0; i < result_.objects.size(); ++i) {
            auto& object = result_.objects[i];
            const auto where = [&] {
                return fmt::format("entry {} of 'annotations' (id {})", i + 1, object.id);
            };
            const auto picture = pictures.find(object.picture);
            require(picture != pictures.end(),
                    "'{}': {}: 'image_id' is {}, but no entry of 'images' has this id",
                    file_.string(), where(), object.picture);
            const auto category = categories.find(object.category);
            require(category != categories.end(),
                    "'{}': {}: 'category_id' is {}, but no entry of 'categories' has this id",
                    file_.string(), where(), object.category);
            require(!has_ids_ || ids.insert(object.id).second,
                    "'{}': two entries of 'annotations' have the id {}", file_.string(), object.id);
            object.picture = picture->second;
            object.category = category->second;
        }
    }

    void add_notes() {
        const auto& objects = result_.objects;
        if (without_area_ > 0) {
            result_.notes.push_back(
                fmt::format("'{}': {} of the {} annotations have no 'area'; the area of the box is "
                            "used instead",
                            result_.name, without_area_, objects.size()));
        }
        const auto box_area = [](const BoxedObject& one) { return one.box[2] * one.box[3]; };
        const auto count = static_cast<size_t>(std::ranges::count_if(
            objects, [&](const auto& one) { return one.area > 1.001 * box_area(one) + 1; }));
        if (count > 0 && count == objects.size()) {
            result_.notes.push_back(fmt::format(
                "'{}': every 'area' is larger than the area of its box; the metrics for "
                "small, medium and large objects use 'area'",
                result_.name));
        }
        if (objects.size() > 1 && without_area_ == 0 &&
            std::ranges::all_of(
                objects, [&](const auto& one) { return one.area == objects.front().area; })) {
            result_.notes.push_back(
                fmt::format("'{}': every 'area' is {}; the metrics for small, medium and large "
                            "objects use 'area'",
                            result_.name, objects.front().area));
        }
    }

    const Path& file_;
    Annotations result_;
    bool has_ids_ = true;
    size_t without_area_ = 0;
};

}  // namespace

Annotations parse_coco(std::string_view text, const Path& file) {
    return Reader(file).read(text);
}

Annotations read_coco(const Path& file) {
    return parse_coco(read_file(file), file);
}

Annotations read_coco_part(const Path& folder, const std::string& part) {
    const auto file = folder / "annotations" / fmt::format("instances_{}.json", part);
    const auto pictures = folder / part;
    std::error_code error;
    for (const auto& needed : {file, pictures}) {
        require(std::filesystem::exists(needed, error),
                "cannot find the split '{0}' of the COCO data set in '{1}': expected "
                "annotations/instances_{0}.json and images in {0}/; missing: '{2}'.\nDownload "
                "annotations_trainval2017.zip and {0}.zip from https://cocodataset.org/#download "
                "and unpack both in '{1}'",
                part, folder.string(), needed.string());
    }
    auto result = read_coco(file);
    result.folder = pictures;
    return result;
}

}  // namespace hfc::data
