// Makes run directories.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace hfc::run {

/// Files and directories made so far. The destructor removes them unless keep() has been called.
class Made {
  public:
    Made() = default;
    ~Made();
    Made(const Made&) = delete;
    Made& operator=(const Made&) = delete;

    void add(const std::filesystem::path& path) { paths_.push_back(path); }
    void keep() { paths_.clear(); }

  private:
    std::vector<std::filesystem::path> paths_;
};

/// Makes the directory that the user has chosen, or accepts it if it exists and is empty. Throws
/// Error if it is not empty or cannot be made.
std::filesystem::path chosen_directory(const std::filesystem::path& out, Made& made);

/// Makes PARENT/NAME-YYYYMMDD-HHMMSS, with -2, -3 ... appended if it exists. Throws Error if that
/// fails.
std::filesystem::path default_directory(const std::string& name, Made& made,
                                        const std::filesystem::path& parent = "runs");

}  // namespace hfc::run
