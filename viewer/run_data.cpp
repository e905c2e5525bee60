#include "viewer/run_data.h"

#include <nlohmann/json.hpp>

#include <cmath>
#include <limits>

namespace hfc::viewer {
namespace {

using Json = nlohmann::json;
constexpr double nothing = std::numeric_limits<double>::quiet_NaN();

double number_at(const Json& event, const char* key) {
    const auto found = event.find(key);
    return found != event.end() && found->is_number() ? found->get<double>() : nothing;
}

/// Deeper than any event goes: the parser of JSON calls itself once a level.
bool too_deep(const std::string& line) {
    int depth = 0;
    for (const char c : line) {
        depth += c == '{' || c == '[' ? 1 : c == '}' || c == ']' ? -1 : 0;
        if (depth > 64) {
            return true;
        }
    }
    return false;
}

std::string text_at(const Json& event, const char* key) {
    const auto found = event.find(key);
    return found != event.end() && found->is_string() ? found->get<std::string>() : "";
}

}  // namespace

RunData::RunData(std::filesystem::path directory) : tail_(directory / "metrics.jsonl") {
    const auto plain = directory.has_filename() ? directory : directory.parent_path();
    name_ = plain.filename().string();
}

void RunData::clear() {
    panels_.clear();
    last_.clear();
    lines_ = foreign_ = overlong_ = first_foreign_ = 0;
}

bool RunData::poll() {
    const auto before = tail_.bytes();
    const bool was_there = exists_;
    const auto news = tail_.poll([this] { clear(); }, [this](const std::string& line) { take(line); });
    exists_ = news.exists;
    more_ = news.more;
    overlong_ += news.overlong;
    return news.restarted || tail_.bytes() != before || was_there != exists_;
}

void RunData::take(const std::string& line) {
    ++lines_;
    const auto event = too_deep(line) ? Json() : Json::parse(line, nullptr, /*allow_exceptions=*/false);
    if (!event.is_object()) {
        foreign_++;
        first_foreign_ = first_foreign_ == 0 ? lines_ : first_foreign_;
        return;
    }
    const std::array<double, 3> place = {number_at(event, "epoch"), number_at(event, "step"), number_at(event, "time")};
    const auto series = text_at(event, "series");
    const auto add = [&](const std::string& panel, const std::string& name, const Json& value) {
        if (!value.is_number() && !value.is_null()) {
            return;
        }
        auto& curve = panels_[panel][name];
        for (size_t axis = 0; axis < place.size(); ++axis) {
            curve.x[axis].push_back(place[axis]);
        }
        const double y = value.is_number() ? value.get<double>() : nothing;
        curve.y.push_back(std::isfinite(y) ? y : nothing);
    };
    for (const auto& [key, value] : event.items()) {
        if (key == "epoch" || key == "step" || key == "time" || key == "series" || event.contains("image")) {
            continue;
        }
        if (value.is_object()) {
            for (const auto& [inner, number] : value.items()) {
                add(key, series.empty() ? inner : series + ": " + inner, number);
            }
        } else {
            add(key, series.empty() ? key : series, value);
        }
    }
    char text[64];
    std::snprintf(text, sizeof text, "epoch %g, %.1f s", place[0], place[2]);
    last_ = (series.empty() ? "" : series + ", ") + text;
}

std::string RunData::note() const {
    if (!exists_) {
        return "waiting for metrics.jsonl";
    }
    std::string text;
    if (foreign_ > 0) {
        text = std::to_string(foreign_) + " line(s) of metrics.jsonl are no events (the first: line " + std::to_string(first_foreign_) +
               ") and are passed over. ";
    }
    if (overlong_ > 0) {
        text += std::to_string(overlong_) + " line(s) are longer than 8 MB and are passed over.";
    }
    return text;
}

}  // namespace hfc::viewer
