#include "detection/detections.h"

#include "base/error.h"
#include "base/file.h"
#include "data/source/json_records.h"

#include <algorithm>
#include <cmath>
#include <unordered_map>

namespace hfc::detection {
namespace {

using data::Annotations;
using Path = std::filesystem::path;

template <typename Listed>
std::unordered_map<int64_t, int64_t> places_of(const std::vector<Listed>& all) {
    std::unordered_map<int64_t, int64_t> places;
    for (size_t i = 0; i < all.size(); ++i) {
        places.emplace(all[i].id, static_cast<int64_t>(i));
    }
    return places;
}

/// Why a row cannot be used, or "".
std::string fault_of(const Detection& row) {
    if (!std::isfinite(row.score)) {
        return fmt::format("the score must be a finite number, got {}", row.score);
    }
    if (!std::ranges::all_of(row.box, [](double value) { return std::isfinite(value); })) {
        return fmt::format("the box must be four finite numbers, got [{}]",
                           fmt::join(row.box, ", "));
    }
    if (row.box[2] < 0 || row.box[3] < 0) {
        return fmt::format("the width and height of the box must be >= 0, got {} and {}",
                           row.box[2], row.box[3]);
    }
    return {};
}

}  // namespace

void require_valid(const std::vector<Detection>& detections, const Annotations& truth) {
    const auto pictures = static_cast<int64_t>(truth.pictures.size());
    const auto categories = static_cast<int64_t>(truth.categories.size());
    for (size_t i = 0; i < detections.size(); ++i) {
        const auto& row = detections[i];
        require(row.picture >= 0 && row.picture < pictures,
                "detection {}: the image index must be between 0 and {} for '{}', got {}", i + 1,
                pictures - 1, truth.name, row.picture);
        require(row.category >= 0 && row.category < categories,
                "detection {}: the class index must be between 0 and {} for '{}', got {}", i + 1,
                categories - 1, truth.name, row.category);
        const auto fault = fault_of(row);
        require(fault.empty(), "detection {}: {}", i + 1, fault);
    }
}

std::vector<Detection> parse_detections(std::string_view text, const Path& file,
                                        const Annotations& truth) {
    const auto pictures = places_of(truth.pictures);
    const auto categories = places_of(truth.categories);
    std::vector<Detection> result;
    std::vector<data::JsonList> lists(1);
    lists[0] = {"", {"image_id", "category_id", "bbox", "score"}, {}};
    lists[0].take = [&](data::JsonRecord& record, int64_t place) {
        const auto where = fmt::format("entry {}", place + 1);
        const auto picture =
            pictures.find(data::require_whole(record.image_id, "image_id", file, where));
        require(picture != pictures.end(), "'{}': {}: '{}' has no image with the id {}",
                file.string(), where, truth.name, *record.image_id);
        const auto category =
            categories.find(data::require_whole(record.category_id, "category_id", file, where));
        require(category != categories.end(), "'{}': {}: '{}' has no category with the id {}",
                file.string(), where, truth.name, *record.category_id);
        require(record.bbox && record.bbox->size() == 4,
                "'{}': {}: 'bbox' must be four numbers x, y, width, height; found {}",
                file.string(), where, record.bbox ? std::to_string(record.bbox->size()) : "none");
        require(record.score.has_value(), "'{}': {} has no 'score'", file.string(), where);
        Detection row{picture->second, category->second, {}, *record.score};
        std::ranges::copy(*record.bbox, row.box.begin());
        const auto fault = fault_of(row);
        require(fault.empty(), "'{}': {}: {}", file.string(), where, fault);
        result.push_back(row);
    };
    data::read_json_records(text, file, lists);
    return result;
}

std::vector<Detection> read_detections(const Path& file, const Annotations& truth) {
    return parse_detections(read_file(file), file, truth);
}

void write_detections(const Path& file, const std::vector<Detection>& detections,
                      const Annotations& truth) {
    require_valid(detections, truth);
    fmt::memory_buffer text;
    const auto to = std::back_inserter(text);
    fmt::format_to(to, "[");
    const char* separator = "";
    for (const auto& row : detections) {
        fmt::format_to(to,
                       "{}{{\"image_id\":{},\"category_id\":{},\"bbox\":[{},{},{},{}],"
                       "\"score\":{}}}",
                       separator, truth.pictures[static_cast<size_t>(row.picture)].id,
                       truth.categories[static_cast<size_t>(row.category)].id, row.box[0],
                       row.box[1], row.box[2], row.box[3], row.score);
        separator = ",\n";
    }
    fmt::format_to(to, "]\n");
    write_file(file, {text.data(), text.size()});
}

}  // namespace hfc::detection
