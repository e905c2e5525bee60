// The state of a run apart from its curves: settings, device, speed, remaining time, and whether
// its process is alive.
#pragma once

#include "run/run_data.h"

#include <filesystem>
#include <string>
#include <utility>
#include <vector>

namespace hfc::run {

class RunStatus {
  public:
    explicit RunStatus(std::filesystem::path directory) : directory_(std::move(directory)) {}

    /// Reads config.json if it has changed, and checks whether the run is still in progress.
    /// Returns true if anything has changed.
    bool poll();

    const std::filesystem::path& directory() const { return directory_; }
    /// Whether a process holds hfc-host's lock on the run's log.
    bool running() const { return running_; }
    /// "device" -> "cpu", "options.epochs.natural" -> "12" ...
    const std::vector<std::pair<std::string, std::string>>& settings() const { return settings_; }
    /// "3.1 s an epoch, 40 s left of natural", or empty if nothing is known.
    std::string speed(const RunData& run) const;

  private:
    std::filesystem::path directory_;
    std::filesystem::file_time_type read_ = std::filesystem::file_time_type::min();
    std::vector<std::pair<std::string, std::string>> settings_;
    bool running_ = false;
};

}  // namespace hfc::run
