#include "run/run_data.h"

#include "run/event_line.h"
#include "run/whole_curve.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <limits>
#include <set>

namespace hfc::run {
namespace {

/// Keys that are not drawn as curves: positions, names, and values that the status shows.
const std::set<std::string> no_curve = {"epoch",  "step",          "time",
                                        "series", "train_seconds", "probe_seconds"};
constexpr double no_number = std::numeric_limits<double>::quiet_NaN();

double number_at(const nlohmann::json& event, const char* key) {
    const auto found = event.find(key);
    return found != event.end() && found->is_number() ? found->get<double>() : no_number;
}

std::string text_at(const nlohmann::json& event, const char* key) {
    const auto found = event.find(key);
    return found != event.end() && found->is_string() ? found->get<std::string>() : "";
}

double finite_or_nothing(const nlohmann::json& value) {
    const double number = value.is_number() ? value.get<double>() : no_number;
    return std::isfinite(number) ? number : no_number;
}

std::vector<double> numbers_of(const nlohmann::json& list) {
    std::vector<double> numbers;
    for (const auto& value : list) {
        numbers.push_back(finite_or_nothing(value));
    }
    return numbers;
}

/// Returns up to `most` strings, each cut off after 500 bytes.
std::vector<std::string> texts_at(const nlohmann::json& event, const char* key, size_t most) {
    std::vector<std::string> texts;
    const auto found = event.find(key);
    for (size_t i = 0;
         found != event.end() && found->is_array() && i < std::min(most, found->size()); ++i) {
        const auto& text = found->at(i);
        texts.push_back(text.is_string() ? text.get<std::string>().substr(0, 500) : "");
    }
    return texts;
}

/// "natural, epoch 3, 12.5 s"
std::string where(const std::string& series, double epoch, double time) {
    std::string text = series;
    for (const auto& [pattern, value] : {std::pair{"epoch %g", epoch}, std::pair{"%.1f s", time}}) {
        if (std::isfinite(value)) {
            char part[64];
            std::snprintf(part, sizeof part, pattern, value);
            text += (text.empty() ? "" : ", ") + std::string(part);
        }
    }
    return text;
}

}  // namespace

RunData::RunData(const std::filesystem::path& directory, const RunDataLimits& limits)
    : directory_(directory.has_filename() ? directory : directory.parent_path()),
      limits_(limits),
      name_(directory_.filename().string()),
      tail_(directory_ / "metrics.jsonl") {}

void RunData::clear() {
    panels_.clear();
    whole_curves_.clear();
    pictures_.clear();
    points_ = curves_ = whole_points_ = caption_bytes_ = thinned_ = 0;
    too_many_ = false;
    last_.clear();
    latest_ = {};
    lines_kept_.clear();
    lines_ = foreign_ = overlong_ = first_foreign_ = 0;
}

bool RunData::poll(double seconds) {
    const auto before = tail_.bytes();
    const bool was_there = exists_;
    bool restarted = false;
    const auto end = std::chrono::steady_clock::now() + std::chrono::duration<double>(seconds);
    do {
        const auto news = tail_.poll([this] { clear(); },
                                     [this](const std::string& line) { take(line); }, 1 << 18);
        exists_ = news.exists;
        more_ = news.more;
        overlong_ += news.overlong;
        restarted = restarted || news.restarted;
    } while (more_ && std::chrono::steady_clock::now() < end);
    return restarted || tail_.bytes() != before || was_there != exists_;
}

void RunData::take(const std::string& line) {
    ++lines_;
    lines_kept_.push_back(line.substr(0, 500));
    if (lines_kept_.size() > 15) {
        lines_kept_.pop_front();
    }
    const auto event = event_of<nlohmann::json>(line);
    if (!event.is_object()) {
        foreign_++;
        first_foreign_ = first_foreign_ == 0 ? lines_ : first_foreign_;
        return;
    }
    const auto series = text_at(event, "series").substr(0, longest_name);
    const double epoch = number_at(event, "epoch");
    last_ = where(series, epoch, number_at(event, "time"));
    if (is_whole_curve(event)) {
        take_whole_curve(event, series);
    } else if (!text_at(event, "image").empty()) {
        take_picture(event, where(series, epoch, no_number));
    } else {
        take_values(event, series);
    }
    if (event.contains("train_seconds")) {
        const double probes = number_at(event, "probe_seconds");
        latest_ = {series, epoch, number_at(event, "images_per_second"),
                   number_at(event, "train_seconds") + (std::isfinite(probes) ? probes : 0)};
    }
}

void RunData::take_values(const nlohmann::json& event, const std::string& series) {
    const std::array<double, 3> place = {number_at(event, "epoch"), number_at(event, "step"),
                                         number_at(event, "time")};
    const auto take_value = [&](const std::string& panel, const std::string& name,
                                const nlohmann::json& value) {
        if (value.is_number() || value.is_null()) {
            add(panel, name, place, finite_or_nothing(value));
        }
    };
    for (const auto& [key, value] : event.items()) {
        if (no_curve.contains(key)) {
            continue;
        }
        if (value.is_object()) {
            for (const auto& [inner, number] : value.items()) {
                take_value(key, series.empty() ? inner : series + ": " + inner, number);
            }
        } else {
            take_value(key, series.empty() ? key : series, value);
        }
    }
}

void RunData::add(const std::string& panel, const std::string& name,
                  const std::array<double, 3>& place, double value) {
    const auto curves = panels_.find(panel);
    if (curves == panels_.end() || !curves->second.contains(name)) {
        if (curves_ >= limits_.curves || panel.size() > longest_name ||
            name.size() > 2 * longest_name) {
            too_many_ = true;
            return;
        }
        ++curves_;
    }
    auto& curve = curves == panels_.end() ? panels_[panel][name] : curves->second[name];
    points_ -= curve.y.size();
    curve.add(place, value);
    points_ += curve.y.size();
    if (curve.y.size() > limits_.points_per_curve) {
        thin(curve);
    } else if (points_ > limits_.points) {
        thin(longest_curve());
    }
}

void RunData::thin(Curve& curve) {
    thinned_ += curve.thinned() ? 0 : 1;
    points_ -= curve.y.size();
    curve.thin();
    points_ += curve.y.size();
}

Curve& RunData::longest_curve() {
    Curve* longest = nullptr;
    for (auto& [panel, curves] : panels_) {
        for (auto& [name, curve] : curves) {
            longest = longest == nullptr || curve.y.size() > longest->y.size() ? &curve : longest;
        }
    }
    return *longest;
}

void RunData::take_whole_curve(const nlohmann::json& event, const std::string& series) {
    const auto name = event.at("curve").get<std::string>();
    Version version = {number_at(event, "epoch"), numbers_of(event.at("x")),
                       numbers_of(event.at("y"))};
    const bool fits = name.size() <= longest_name && version.y.size() <= limits_.points / 64;
    if (!fits || (!whole_curves_.contains(name) && whole_curves_.size() >= limits_.curves)) {
        too_many_ = true;
        return;
    }
    auto& curves = whole_curves_[name];
    if (!curves.by_series.contains(series) && curves.by_series.size() >= limits_.curves / 10) {
        too_many_ = true;
        return;
    }
    curves.x_name = text_at(event, "x_name").substr(0, longest_name);
    auto& versions = curves.by_series[series];
    whole_points_ += version.y.size() + 1;
    versions.push_back(std::move(version));
    while (whole_points_ > limits_.points && versions.size() > 1) {
        // If there are too many points, drops the second-oldest version, so that the first one
        // is kept; if there are only two, drops the first one.
        const auto oldest = versions.begin() + (versions.size() > 2 ? 1 : 0);
        whole_points_ -= oldest->y.size() + 1;
        versions.erase(oldest);
        too_many_ = true;
    }
    if (whole_points_ > limits_.points) {
        whole_points_ -= versions.back().y.size() + 1;
        versions.pop_back();
        too_many_ = true;
    }
}

void RunData::take_picture(const nlohmann::json& event, const std::string& what) {
    constexpr size_t most_pictures = 10000, most_cells = 1024, most_caption_bytes = 64 << 20;
    const auto count_at = [&](const char* key) {
        const double count = number_at(event, key);
        return count >= 1 && count <= most_cells ? static_cast<size_t>(count) : 0;
    };
    const Picture picture = {count_at("columns"), count_at("rows"),
                             texts_at(event, "captions", most_cells),
                             texts_at(event, "headings", most_cells), what};
    const auto file = text_at(event, "file");
    for (const auto* texts : {&picture.captions, &picture.headings}) {
        for (const auto& text : *texts) {
            caption_bytes_ += text.size() + sizeof text;
        }
    }
    if (pictures_.size() >= most_pictures || caption_bytes_ > most_caption_bytes ||
        file.size() > 2 * longest_name) {
        too_many_ = true;
        return;
    }
    pictures_[file] = picture;
}

std::string RunData::note() const {
    if (!exists_) {
        return "waiting for metrics.jsonl";
    }
    std::string text;
    if (more_) {
        text = "Reading: " + std::to_string(100 * tail_.bytes() / tail_.size()) + " % of " +
               std::to_string(tail_.size() >> 20) + " MB. ";
    }
    if (foreign_ > 0) {
        text += std::to_string(foreign_) +
                " line(s) of metrics.jsonl are not events (the first is line " +
                std::to_string(first_foreign_) + ") and are skipped. ";
    }
    if (overlong_ > 0) {
        text += std::to_string(overlong_) + " line(s) are longer than 8 MB and are skipped. ";
    }
    if (thinned_ > 0) {
        text += std::to_string(thinned_) +
                " curve(s) have too many points to keep: of each group of adjacent points, only "
                "the lowest and the highest are shown. ";
    }
    if (too_many_) {
        text += "There are more curves or images than can be shown. ";
    }
    return text;
}

}  // namespace hfc::run
