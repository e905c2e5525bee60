// JSON files that contain long lists of small records: COCO's annotations and results.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace hfc::data {

/// The fields of a record that this program's readers use.
struct JsonRecord {
    std::optional<double> id, image_id, category_id, area, iscrowd, height, width, score;
    std::optional<std::vector<double>> bbox;
    std::optional<std::string> file_name, name;
};

struct JsonList {
    std::string name;  ///< its key in the outermost object; "" if the list itself is outermost
    std::vector<std::string> fields;  ///< the fields to read; all others are skipped
    /// Called at the end of each record with its position in the list, from 0.
    std::function<void(JsonRecord& record, int64_t place)> take;
};

/// Reads the lists in a file's text without building a tree in memory. Throws Error naming `path`
/// and the byte for damaged JSON, naming the list and the record for a field with a wrong type, and
/// naming the list if it is missing.
void read_json_records(std::string_view text, const std::filesystem::path& path,
                       const std::vector<JsonList>& lists);

/// "entry 7 of 'annotations' (id 18)": for messages.
std::string describe_record(const JsonList& list, const JsonRecord& record, int64_t place);

/// Returns a field that must exist and be an integer.
int64_t require_whole(const std::optional<double>& field, const char* name,
                      const std::filesystem::path& path, const std::string& record);

}  // namespace hfc::data
