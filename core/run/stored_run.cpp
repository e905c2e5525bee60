#include "run/stored_run.h"

#include "base/error.h"
#include "base/file.h"
#include "base/json_depth.h"
#include "run/csv.h"
#include "run/event_line.h"
#include "run/line_reader.h"

#include <fcntl.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>

namespace hfc::run {
namespace {

using Json = nlohmann::ordered_json;
namespace fs = std::filesystem;

Json cell_of(const std::string& field) {
    double number = 0;
    const auto* const end = field.data() + field.size();
    const auto [last, error] = std::from_chars(field.data(), end, number);
    return error == std::errc() && last == end ? Json(number) : Json(field);
}

void flatten(const Json& value, const std::string& name, Settings& flat) {
    if (!value.is_object()) {
        flat.emplace_back(name, value);
        return;
    }
    for (const auto& [key, part] : value.items()) {
        std::string full = name;
        full += name.empty() ? "" : ".";
        full += key;
        flatten(part, full, flat);
    }
}

}  // namespace

bool is_run_directory(const fs::path& directory) {
    std::error_code error;
    return fs::is_regular_file(directory / "config.json", error) &&
           fs::is_regular_file(directory / "metrics.jsonl", error);
}

Json read_config(const fs::path& directory) {
    const auto path = directory / "config.json";
    const auto text = read_file(path, 16 << 20);
    auto config = nests_deeper(text) ? Json() : Json::parse(text, nullptr, false);
    require(config.is_object(), "'{}' is damaged: it does not contain a JSON object",
            path.string());
    return config;
}

Settings flat_settings(const Json& object) {
    Settings flat;
    flatten(object, "", flat);
    return flat;
}

Settings flat_options(const Json& options) {
    auto flat = flat_settings(options);
    std::ranges::sort(flat, natural_less, [](const auto& option) { return option.first; });
    return flat;
}

Rows rows_from_csv(const std::string& text) {
    const auto lines = parse_csv(text);
    Rows rows;
    for (size_t i = 1; i < lines.size(); ++i) {
        Json row = Json::object();
        for (size_t c = 0; c < std::min(lines[0].size(), lines[i].size()); ++c) {
            if (!lines[i][c].empty()) {
                row[lines[0][c]] = cell_of(lines[i][c]);
            }
        }
        rows.push_back(std::move(row));
    }
    return rows;
}

Tables read_tables(const fs::path& directory) {
    Tables tables;
    std::error_code error;
    const fs::directory_iterator entries(directory, error);
    require(!error, "cannot read '{}': {}", directory.string(), error.message());
    for (const auto& entry : entries) {
        if (entry.path().extension() == ".csv" && entry.is_regular_file(error)) {
            tables[entry.path().stem().string()] =
                rows_from_csv(read_file(entry.path(), uint64_t{256} << 20));
        }
    }
    return tables;
}

Events read_events(const fs::path& directory) {
    return [path = directory / "metrics.jsonl"](const Visit& visit) {
        const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
        require(file.open(), "cannot read '{}': {}", path.string(), std::strerror(errno));
        LineReader lines(file.get(), path);
        while (const auto line = lines.next()) {
            if (const auto event = event_of<Json>(*line); event.is_object()) {
                visit(event);
            }
        }
    };
}

}  // namespace hfc::run
