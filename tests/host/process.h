// Runs the real binary and keeps what it said.
#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

namespace hfc::test {

struct Result {
    int status = -1;  ///< exit status, or 128 + signal
    std::string out;
    std::string err;
};

struct ProcessOptions {
    std::vector<std::string> environment = {};        ///< NAME=value, over the present one
    std::string input = {};                           ///< standard input
    std::filesystem::path folder = {};                ///< working directory
    std::vector<std::string> launcher = {};           ///< the program that starts hfc-host
    std::function<void()> before_start = {};          ///< called in the new process
    std::function<void(int pid)> while_running = {};  ///< called once in the parent after the start
};

/// Runs hfc-host with these arguments to its end.
Result run(const std::vector<std::string>& arguments, const ProcessOptions& options = {});

/// A new empty folder, removed with all it holds at the end of the scope.
class ScratchFolder {
  public:
    ScratchFolder();
    ~ScratchFolder();
    ScratchFolder(const ScratchFolder&) = delete;
    ScratchFolder& operator=(const ScratchFolder&) = delete;
    const std::filesystem::path& path() const { return path_; }
    /// Writes a file in it and returns its path.
    std::string write(const std::string& name, const std::string& text) const;

  private:
    std::filesystem::path path_;
};

std::string read_text(const std::filesystem::path& path);

/// Waits until `so` returns true, for a minute at most. Returns its last answer.
bool wait_until(const std::function<bool()>& so);
/// Waits for a file or directory, for a minute at most.
void wait_for(const std::filesystem::path& path);

}  // namespace hfc::test
