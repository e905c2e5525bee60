// Pixelation and JPEG.
#include "corrupt/filters.h"
#include "image_file/jpeg.h"

namespace hfc::corrupt {
namespace {

Corrupted whole(const Bytes& image) {
    return Corrupted::made(image, [](uint8_t value) { return double{1} * value; });
}

}  // namespace

Corrupted pixelate(const Task& task) {
    constexpr Table<double> cifar{.95, .9, .85, .75, .65};
    constexpr Table<double> large{.6, .5, .4, .3, .25};
    const double factor = task.constants(cifar, large);
    const auto& x = task.image;
    const auto smaller = [&](int64_t size) {
        return static_cast<int64_t>(static_cast<double>(size) * factor);
    };
    return whole(
        resize_by_box(resize_by_box(x, smaller(x.height), smaller(x.width)), x.height, x.width));
}

Bytes through_jpeg(const Bytes& image, int64_t quality) {
    const auto count = static_cast<size_t>(image.pixels());
    std::vector<uint8_t> rgb(3 * count);
    for (size_t i = 0; i < count; ++i) {
        for (size_t c = 0; c < 3; ++c) {
            rgb[3 * i + c] = image.values[c * count + i];
        }
    }
    const auto jpeg =
        image_file::encode_jpeg(rgb.data(), image.height, image.width, static_cast<int>(quality));
    image_file::decode_jpeg(jpeg, "corruption", {0, 0, image.height, image.width}, rgb.data(),
                            static_cast<size_t>(3 * image.width));
    auto result = Bytes::like(image);
    for (size_t i = 0; i < count; ++i) {
        for (size_t c = 0; c < 3; ++c) {
            result.values[c * count + i] = rgb[3 * i + c];
        }
    }
    return result;
}

Corrupted jpeg_compression(const Task& task) {
    constexpr Table<int64_t> cifar{80, 65, 58, 50, 40};
    constexpr Table<int64_t> large{25, 18, 15, 10, 7};
    return whole(through_jpeg(task.image, task.constants(cifar, large)));
}

}  // namespace hfc::corrupt
