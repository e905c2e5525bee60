#include "viewer/run_data.h"

#include "base/json_depth.h"

#include <nlohmann/json.hpp>

#include <cmath>
#include <limits>
#include <set>

namespace hfc::viewer {
namespace {

using Json = nlohmann::json;
/// Places, names, and what the status tells.
const std::set<std::string> no_curve = {"epoch", "step", "time", "series", "train_seconds", "probe_seconds"};
constexpr double nothing = std::numeric_limits<double>::quiet_NaN();

double number_at(const Json& event, const char* key) {
    const auto found = event.find(key);
    return found != event.end() && found->is_number() ? found->get<double>() : nothing;
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
    latest_ = {};
    lines_kept_.clear();
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
    lines_kept_.push_back(line.substr(0, 500));
    if (lines_kept_.size() > 15) {
        lines_kept_.pop_front();
    }
    const auto event = nests_deeper(line, deepest_nesting) ? Json() : Json::parse(line, nullptr, /*allow_exceptions=*/false);
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
        if (no_curve.contains(key) || event.contains("image")) {
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
    if (event.contains("train_seconds")) {
        const double probes = number_at(event, "probe_seconds");
        latest_ = {series, place[0], number_at(event, "images_per_second"),
                   number_at(event, "train_seconds") + (std::isfinite(probes) ? probes : 0)};
    }
    last_ = series;
    for (const auto& [pattern, value] : {std::pair{"epoch %g", place[0]}, std::pair{"%.1f s", place[2]}}) {
        if (std::isfinite(value)) {
            char text[64];
            std::snprintf(text, sizeof text, pattern, value);
            last_ += (last_.empty() ? "" : ", ") + std::string(text);
        }
    }
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
