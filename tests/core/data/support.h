// What the tests of data share: folders of their own, files, small images.
#pragma once

#include "data/dataset.h"
#include "files.h"

#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>

namespace hfc::data {

using test::error_of;
using test::read_bytes;
using test::ScratchTest;
using test::write_bytes;

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
