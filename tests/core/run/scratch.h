// A folder of a test's own, gone when the test ends.
#pragma once

#include "files.h"
#include "scratch_folder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <string>
#include <vector>

namespace hfc::run {

class Scratch : public ::testing::Test {
  protected:
    static std::string text_of(const std::filesystem::path& path) { return test::read_bytes(path); }

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

using test::error_of;

}  // namespace hfc::run
