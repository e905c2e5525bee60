#include "run/run_status.h"

#include "base/error.h"
#include "base/utf8.h"
#include "run/stored_run.h"

#include <nlohmann/json.hpp>

#include <sys/stat.h>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <fstream>

namespace hfc::run {
namespace {

namespace fs = std::filesystem;
/// Whether a process holds a lock on the file. Trying to take the lock instead could prevent a host
/// that is just starting from taking it.
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
    try {
        for (const auto& [name, value] : flat_settings(read_config(directory_))) {
            if (name != "command_line") {
                settings_.emplace_back(
                    name, value.is_string() ? value.get<std::string>() : json_text(value));
            }
        }
    } catch (const Error&) {
        settings_.clear();  // missing, damaged, or not written completely yet
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
    text += (text.empty() ? "" : ", ") + duration(latest.epoch_seconds) + " per epoch";
    for (const auto& [name, value] : settings_) {
        const double epochs = std::strtod(value.c_str(), nullptr);
        if ((name == "options.epochs" || name == "options.epochs." + latest.series) && running_ &&
            epochs >= latest.epoch) {
            return text + ", " + duration((epochs - latest.epoch) * latest.epoch_seconds) +
                   " left" + (latest.series.empty() ? "" : " for " + latest.series);
        }
    }
    return text;
}

}  // namespace hfc::run
