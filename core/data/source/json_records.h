// JSON files that hold long lists of small records: COCO's annotations and results.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace hfc::data {

/// The fields of a record that a reader of this program asks for.
struct JsonRecord {
    std::optional<double> id, image_id, category_id, area, iscrowd, height, width, score;
    std::optional<std::vector<double>> bbox;
    std::optional<std::string> file_name, name;
};

struct JsonList {
    std::string name;                 ///< its key in the outermost object; "" for an outermost list
    std::vector<std::string> fields;  ///< those that are read; all others are skipped
    /// Called at the end of each record with its place in the list, from 0.
    std::function<void(JsonRecord& record, int64_t place)> take;
};

/// Reads the lists of a file's text without a tree in memory. Throws Error naming `path` and the
/// byte for damaged JSON, naming the list and the record for a field of another type, and naming a
/// list that is missing.
void read_json_records(std::string_view text, const std::filesystem::path& path,
                       const std::vector<JsonList>& lists);

/// "entry 7 of 'annotations' (id 18)": for messages.
std::string describe_record(const JsonList& list, const JsonRecord& record, int64_t place);

/// A field that must be there and be a whole number.
int64_t require_whole(const std::optional<double>& field, const char* name,
                      const std::filesystem::path& path, const std::string& record);

}  // namespace hfc::data
