// What tests that read files share: a folder of their own, files, the error of a call.
#pragma once

#include "base/error.h"
#include "scratch_folder.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>

namespace hfc::test {

/// A test with a folder of its own, gone when it ends.
class ScratchTest : public ::testing::Test {
  protected:
    ScratchFolder folder_{"hfc test"};
    const std::filesystem::path scratch_ = folder_.path();
};

/// Writes a file and the folders above it.
inline void write_bytes(const std::filesystem::path& path, std::string_view bytes) {
    std::filesystem::create_directories(path.parent_path());
    std::ofstream(path, std::ios::binary) << bytes;
}

inline std::string read_bytes(const std::filesystem::path& path) {
    std::ifstream file(path, std::ios::binary);
    EXPECT_TRUE(file.good()) << path;
    return {std::istreambuf_iterator<char>(file), {}};
}

/// The text of the Error that `work` throws; fails the test when it throws none.
template <typename Work>
std::string error_of(const Work& work) {
    try {
        work();
    } catch (const Error& error) {
        return error.what();
    }
    ADD_FAILURE() << "no Error was thrown";
    return "";
}

}  // namespace hfc::test
