#include "viewer/run_status.h"

#include "base/json_depth.h"

#include <nlohmann/json.hpp>

#include <sys/stat.h>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <fstream>

namespace hfc::viewer {
namespace {

namespace fs = std::filesystem;
using OrderedJson = nlohmann::ordered_json;

/// Larger than any config.json: what is read of one.
constexpr size_t most_bytes = 1 << 20;

OrderedJson read_json(const fs::path& path) {
    std::string text(most_bytes, '\0');
    std::ifstream file(path, std::ios::binary);
    file.read(text.data(), static_cast<std::streamsize>(text.size()));
    text.resize(static_cast<size_t>(file.gcount()));
    return nests_deeper(text, deepest_nesting)
               ? OrderedJson()
               : OrderedJson::parse(text, nullptr, /*allow_exceptions=*/false);
}

void flatten(const OrderedJson& value, const std::string& name,
             std::vector<std::pair<std::string, std::string>>& settings) {
    if (value.is_object() && !value.empty()) {
        for (const auto& [key, inner] : value.items()) {
            flatten(inner, name.empty() ? key : name + "." + key, settings);
        }
    } else if (name != "command_line") {
        settings.emplace_back(
            name, value.is_string()
                      ? value.get<std::string>()
                      : value.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace));
    }
}

/// Whether somebody holds a lock on the file. Asking for the lock instead would refuse it to a host
/// that starts in this moment.
bool locked(const fs::path& path) {
    struct stat status = {};
    if (::stat(path.c_str(), &status) != 0) {
        return false;
    }
    const auto inode = ":" + std::to_string(status.st_ino) + " ";
    std::ifstream locks("/proc/locks");
    for (std::string line; std::getline(locks, line);) {
        if (line.find(" FLOCK ") != std::string::npos && line.find(inode) != std::string::npos) {
            return true;
        }
    }
    return false;
}

std::string duration(double seconds) {
    char text[48];
    if (seconds < 120) {
        std::snprintf(text, sizeof text, "%.1f s", seconds);
    } else if (seconds < 7200) {
        std::snprintf(text, sizeof text, "%.0f min", seconds / 60);
    } else {
        std::snprintf(text, sizeof text, "%.1f h", seconds / 3600);
    }
    return text;
}

}  // namespace

bool RunStatus::poll() {
    const bool was_running = running_;
    running_ = locked(directory_ / "metrics.jsonl");
    const auto config = directory_ / "config.json";
    std::error_code error;
    const auto written = fs::is_regular_file(config, error) ? fs::last_write_time(config, error)
                                                            : fs::file_time_type::min();
    if (written == read_) {
        return running_ != was_running;
    }
    read_ = written;
    settings_.clear();
    const auto json = written == fs::file_time_type::min() ? OrderedJson() : read_json(config);
    if (json.is_object()) {
        flatten(json, "", settings_);
    }
    return true;
}

std::string RunStatus::speed(const RunData& run) const {
    const auto& latest = run.latest();
    std::string text;
    if (std::isfinite(latest.images_per_second)) {
        char rate[48];
        std::snprintf(rate, sizeof rate, "%.0f images/s", latest.images_per_second);
        text = rate;
    }
    if (!std::isfinite(latest.epoch_seconds)) {
        return text;
    }
    text += (text.empty() ? "" : ", ") + duration(latest.epoch_seconds) + " an epoch";
    for (const auto& [name, value] : settings_) {
        const double epochs = std::strtod(value.c_str(), nullptr);
        if ((name == "options.epochs" || name == "options.epochs." + latest.series) && running_ &&
            epochs >= latest.epoch) {
            return text + ", " + duration((epochs - latest.epoch) * latest.epoch_seconds) +
                   " left" + (latest.series.empty() ? "" : " of " + latest.series);
        }
    }
    return text;
}

}  // namespace hfc::viewer
