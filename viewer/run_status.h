// What a run is, besides its curves: settings, device, speed, time left, whether its process lives.
#pragma once

#include "viewer/run_data.h"

#include <filesystem>
#include <string>
#include <utility>
#include <vector>

namespace hfc::viewer {

class RunStatus {
  public:
    explicit RunStatus(std::filesystem::path directory) : directory_(std::move(directory)) {}

    /// Reads config.json if it has changed, and whether the run goes on; true when there is
    /// something new.
    bool poll();

    const std::filesystem::path& directory() const { return directory_; }
    /// A process holds the run's log (by the lock that hfc-host takes on it).
    bool running() const { return running_; }
    /// "device" -> "cpu", "options.epochs.natural" -> "12" ...
    const std::vector<std::pair<std::string, std::string>>& settings() const { return settings_; }
    /// "3.1 s an epoch, 40 s left of natural"; empty when nothing is known.
    std::string speed(const RunData& run) const;

  private:
    std::filesystem::path directory_;
    std::filesystem::file_time_type read_ = std::filesystem::file_time_type::min();
    std::vector<std::pair<std::string, std::string>> settings_;
    bool running_ = false;
};

}  // namespace hfc::viewer
