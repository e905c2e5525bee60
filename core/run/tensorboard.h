// Event files that TensorBoard reads: TFRecord files in which each record is an Event as defined in
// TensorFlow's event.proto. Without LibTorch.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace hfc::run {

/// One value of an event, with its tag.
struct TensorBoardValue {
    std::string tag;
    double time = 0;  ///< in seconds since 1970
    int64_t step = 0;
    float scalar = 0;
};

struct TensorBoardImage {
    std::string tag;
    double time = 0;
    int64_t step = 0;
    int64_t height = 0;
    int64_t width = 0;
    std::string png;
};

/// The first event of a file, which contains the version of the format.
std::string tensorboard_start(double time);
std::string tensorboard_event(const TensorBoardValue& value);
std::string tensorboard_event(const TensorBoardImage& image);

/// Returns one record of a file: the length of the data, the length's checksum, the data, and the
/// data's checksum.
std::string tensorboard_record(std::string_view data);

}  // namespace hfc::run
