// A folder of a test's own, gone when the test ends.
#pragma once

#include "base/error.h"
#include "scratch_folder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

namespace hfc::run {

class Scratch : public ::testing::Test {
  protected:
    static std::string text_of(const std::filesystem::path& path) {
        std::ifstream file(path, std::ios::binary);
        EXPECT_TRUE(file.good()) << path;
        std::ostringstream text;
        text << file.rdbuf();
        return text.str();
    }

    static std::vector<std::string> names_in(const std::filesystem::path& folder) {
        std::vector<std::string> names;
        for (const auto& entry : std::filesystem::directory_iterator(folder)) {
            names.push_back(entry.path().filename().string());
        }
        std::sort(names.begin(), names.end());
        return names;
    }

    test::ScratchFolder scratch_{"hfc run test"};
    const std::filesystem::path folder_ = scratch_.path();
};

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

}  // namespace hfc::run
