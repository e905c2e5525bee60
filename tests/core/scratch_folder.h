// A folder of a test's own, gone when the test ends.
#pragma once

#include <gtest/gtest.h>

#include <stdlib.h>

#include <filesystem>
#include <string>

namespace hfc::test {

class ScratchFolder {
  public:
    /// name: shows in the folder's path; it may hold spaces.
    explicit ScratchFolder(const std::string& name) {
        std::string pattern =
            (std::filesystem::temp_directory_path() / (name + " XXXXXX")).string();
        EXPECT_NE(::mkdtemp(pattern.data()), nullptr);
        path_ = pattern;
    }
    ~ScratchFolder() { std::filesystem::remove_all(path_); }
    ScratchFolder(const ScratchFolder&) = delete;
    ScratchFolder& operator=(const ScratchFolder&) = delete;

    const std::filesystem::path& path() const { return path_; }

  private:
    std::filesystem::path path_;
};

}  // namespace hfc::test
