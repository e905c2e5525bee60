// What the tests of data share: folders of their own, files, small images.
#pragma once

#include "base/error.h"
#include "data/dataset.h"
#include "scratch_folder.h"

#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <memory>
#include <string>

namespace hfc::data {

/// A test with a folder of its own, gone when it ends.
class ScratchTest : public ::testing::Test {
  protected:
    test::ScratchFolder folder_{"hfc data test"};
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

/// `count` images of noise; the first pixel of image i is i, its label i % classes.
inline std::shared_ptr<Images> noise_images(int64_t count = 20, int64_t classes = 4,
                                            int64_t channels = 3, int64_t height = 8,
                                            int64_t width = 8) {
    auto images = std::make_shared<Images>();
    images->name = "noise";
    images->pixels = at::randint(0, 256, {count, channels, height, width}, at::kLong).to(at::kByte);
    images->pixels.select(3, 0).select(2, 0).select(1, 0).copy_(at::arange(count));
    images->labels = at::arange(count).remainder(classes);
    for (int64_t label = 0; label < classes; ++label) {
        images->class_names.push_back("class " + std::to_string(label));
    }
    return images;
}

/// Which of noise_images() a view shows, in its order.
inline std::vector<int64_t> shown(const Dataset& view) {
    const auto first = view.untransformed()
                           .batch(0, view.size())
                           .images.select(3, 0)
                           .select(2, 0)
                           .select(1, 0)
                           .mul(255)
                           .round()
                           .to(at::kLong)
                           .contiguous();
    return {first.data_ptr<int64_t>(), first.data_ptr<int64_t>() + first.numel()};
}

inline std::vector<int64_t> labels_of(const Dataset& view) {
    const auto labels = view.labels().contiguous();
    return {labels.data_ptr<int64_t>(), labels.data_ptr<int64_t>() + labels.numel()};
}

}  // namespace hfc::data
