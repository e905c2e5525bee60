#include "image_file/codec/image_codec.h"

#include "image_file/codec/quiet.h"

#include <opencv2/core.hpp>
#include <opencv2/imgcodecs.hpp>
#include <opencv2/imgproc.hpp>

#include <algorithm>
#include <cstdio>
#include <exception>
#include <stdexcept>
#include <vector>

namespace {

/// The caller's threads do the work; OpenCV starts no threads.
const bool alone = [] {
    cv::setNumThreads(1);
    return true;
}();

template <typename Work>
int guarded(char* message, size_t message_size, const Work& work) noexcept {
    const hfc::image_file::Quiet quiet;
    try {
        work();
        return 0;
    } catch (const cv::Exception& error) {
        const bool too_large = error.err.find("CV_IO_MAX_IMAGE") != std::string::npos;
        std::snprintf(message, message_size, "%s",
                      too_large ? "it claims to have too many pixels" : error.err.c_str());
    } catch (const std::exception& error) {
        std::snprintf(message, message_size, "%s", error.what());
    } catch (...) {
        std::snprintf(message, message_size, "unknown error");
    }
    return 1;
}

}  // namespace

#define HFC_EXPORT extern "C" __attribute__((visibility("default")))

HFC_EXPORT const char* hfc_opencv_version() {
    return CV_VERSION;
}

HFC_EXPORT int hfc_decode_image(const uint8_t* bytes, size_t byte_count, int follow_orientation,
                                HfcPlacePixels place, void* context, char* message,
                                size_t message_size) {
    return guarded(message, message_size, [&] {
        const cv::Mat encoded(1, static_cast<int>(byte_count), CV_8UC1,
                              const_cast<uint8_t*>(bytes));
        const cv::Mat picture = cv::imdecode(
            encoded, follow_orientation != 0 ? cv::IMREAD_COLOR
                                             : cv::IMREAD_COLOR | cv::IMREAD_IGNORE_ORIENTATION);
        if (picture.empty()) {
            throw std::runtime_error(
                "it is truncated or damaged, or has a format that OpenCV cannot read");
        }
        uint8_t* pixels = place(context, picture.rows, picture.cols);
        if (pixels == nullptr) {
            throw std::runtime_error("there is not enough memory for its pixels");
        }
        cv::Mat rgb(picture.rows, picture.cols, CV_8UC3, pixels);
        cv::cvtColor(picture, rgb, cv::COLOR_BGR2RGB);
    });
}

HFC_EXPORT int hfc_encode_png(const uint8_t* planes, int channels, int height, int width,
                              void (*take)(void* context, const uint8_t* bytes, size_t byte_count),
                              void* context, char* message, size_t message_size) {
    return guarded(message, message_size, [&] {
        const auto plane = [&](int channel) {
            return cv::Mat(
                height, width, CV_8UC1,
                const_cast<uint8_t*>(planes) + static_cast<size_t>(channel) * height * width);
        };
        cv::Mat picture = plane(0);
        if (channels == 3) {
            const cv::Mat blue_green_red[] = {plane(2), plane(1), plane(0)};
            cv::merge(blue_green_red, 3, picture);
        }
        std::vector<uint8_t> png;
        if (!cv::imencode(".png", picture, png)) {
            throw std::runtime_error("OpenCV cannot encode it");
        }
        take(context, png.data(), png.size());
    });
}
