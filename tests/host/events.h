// What a run has logged.
#pragma once

#include "process.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <sstream>

namespace hfc::test {

using Json = nlohmann::ordered_json;

/// The events of a run directory without what is measured anew in each run. A line that is torn or
/// no JSON is a failure.
inline std::vector<Json> events_of(const std::filesystem::path& run) {
    const auto text = read_text(run / "metrics.jsonl");
    EXPECT_TRUE(text.empty() || text.back() == '\n') << "a torn last line";
    std::vector<Json> events;
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);) {
        auto event = Json::parse(line, nullptr, false);
        EXPECT_TRUE(event.is_object()) << line;
        for (const char* key : {"time", "images_per_second", "train_seconds", "probe_seconds"}) {
            event.erase(key);
        }
        events.push_back(event);
    }
    return events;
}

}  // namespace hfc::test
