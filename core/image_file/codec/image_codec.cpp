#include "image_file/codec/image_codec.h"

#include <opencv2/core.hpp>
#include <opencv2/core/utils/logger.hpp>
#include <opencv2/imgcodecs.hpp>
#include <opencv2/imgproc.hpp>

#include <algorithm>
#include <cstdio>
#include <exception>
#include <stdexcept>
#include <vector>

namespace {

/// The caller's threads do the work, and its errors say what is wrong: OpenCV starts no threads and
/// prints nothing.
const bool quiet = [] {
    cv::setNumThreads(1);
    cv::utils::logging::setLogLevel(cv::utils::logging::LOG_LEVEL_SILENT);
    cv::redirectError([](int, const char*, const char*, const char*, int, void*) { return 0; });
    return true;
}();

template <typename Work>
int guarded(char* message, size_t message_size, const Work& work) noexcept {
    try {
        work();
        return 0;
    } catch (const cv::Exception& error) {
        std::snprintf(message, message_size, "%s", error.err.c_str());
    } catch (const std::exception& error) {
        std::snprintf(message, message_size, "%s", error.what());
    } catch (...) {
        std::snprintf(message, message_size, "unknown error");
    }
    return 1;
}

/// The central square of the picture, resized. Cutting first gives what 'resize the shorter side,
/// then crop' gives, without ever making the long side of a picture that is a thousand times longer
/// than it is wide.
cv::Mat square(const cv::Mat& picture, int size) {
    const int side = std::min(picture.rows, picture.cols);
    const cv::Mat centre =
        picture(cv::Rect((picture.cols - side) / 2, (picture.rows - side) / 2, side, side));
    if (side == size) {
        return centre;
    }
    cv::Mat resized;
    // The mean over the covered pixels when shrinking: anything else folds high frequencies into
    // low ones.
    cv::resize(centre, resized, cv::Size(size, size), 0, 0,
               side > size ? cv::INTER_AREA : cv::INTER_LINEAR);
    return resized;
}

}  // namespace

#define HFC_EXPORT extern "C" __attribute__((visibility("default")))

HFC_EXPORT const char* hfc_opencv_version() {
    return CV_VERSION;
}

HFC_EXPORT int hfc_decode_image(const uint8_t* bytes, size_t byte_count, int size, uint8_t* planes,
                                char* message, size_t message_size) {
    return guarded(message, message_size, [&] {
        const cv::Mat encoded(1, static_cast<int>(byte_count), CV_8UC1,
                              const_cast<uint8_t*>(bytes));
        const cv::Mat picture = cv::imdecode(encoded, cv::IMREAD_COLOR);
        if (picture.empty()) {
            throw std::runtime_error("OpenCV cannot decode it");
        }
        const cv::Mat small = square(picture, size);
        const auto plane = [&](int channel) {
            return cv::Mat(size, size, CV_8UC1,
                           planes + static_cast<size_t>(channel) * size * size);
        };
        cv::Mat blue_green_red[] = {plane(2), plane(1), plane(0)};
        cv::split(small, blue_green_red);
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
