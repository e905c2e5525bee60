// One image while it is being corrupted, and the source of its random numbers.
#pragma once

#include "corrupt/corrupt.h"

#include <array>
#include <cstdint>
#include <vector>

namespace hfc::corrupt {

/// Planes of numbers: [channels, height, width].
template <typename T>
struct Planes {
    Planes() = default;
    Planes(int64_t channels_, int64_t height_, int64_t width_, T value = T())
        : channels(channels_),
          height(height_),
          width(width_),
          values(static_cast<size_t>(channels_ * height_ * width_), value) {}

    /// Zeros of the same shape.
    template <typename Other>
    static Planes like(const Planes<Other>& other) {
        return Planes(other.channels, other.height, other.width);
    }
    template <typename Other, typename Change>
    static Planes made(const Planes<Other>& other, const Change& change) {
        auto result = like(other);
        for (size_t i = 0; i < result.values.size(); ++i) {
            result.values[i] = change(other.values[i]);
        }
        return result;
    }

    T* row(int64_t channel, int64_t y) { return values.data() + (channel * height + y) * width; }
    const T* row(int64_t channel, int64_t y) const {
        return values.data() + (channel * height + y) * width;
    }
    T& at(int64_t channel, int64_t y, int64_t x) { return row(channel, y)[x]; }
    T at(int64_t channel, int64_t y, int64_t x) const { return row(channel, y)[x]; }
    int64_t pixels() const { return height * width; }

    int64_t channels = 0;
    int64_t height = 0;
    int64_t width = 0;
    std::vector<T> values;
};

using Bytes = Planes<uint8_t>;
using Floats = Planes<float>;
using Doubles = Planes<double>;

/// The random numbers of one image, in the order in which they are requested.
class Draws {
  public:
    Draws() = default;
    Draws(const Draws&) = delete;
    Draws& operator=(const Draws&) = delete;
    virtual ~Draws() = default;

    virtual std::vector<double> uniform(int64_t count, double low, double high) = 0;
    virtual std::vector<double> normal(int64_t count, double mean, double deviation) = 0;
    /// Integers in [low, high).
    virtual std::vector<int64_t> integers(int64_t count, int64_t low, int64_t high) = 0;
    /// For each byte b, one number from the Poisson distribution with mean b / 255 * `scale`.
    virtual std::vector<double> poisson(const Bytes& bytes, double scale) = 0;
};

/// Five photographs of frost, as bytes.
struct Photographs {
    std::vector<Bytes> pictures;
};

/// The constants for the five severities.
template <typename Row>
using Table = std::array<Row, severities>;

/// The input of a corruption function.
struct Task {
    const Bytes& image;  ///< three channels
    int64_t severity;    ///< 0 to 4
    bool imagenet;       ///< whether to use ImageNet-C's constants
    Draws& draws;
    const Photographs* photographs;

    /// The row of the applicable table for this severity.
    template <typename Row>
    const Row& constants(const Table<Row>& cifar, const Table<Row>& large) const {
        return (imagenet ? large : cifar)[static_cast<size_t>(severity)];
    }
};

/// Numbers from 0 to 255, to be truncated to bytes.
using Corrupted = Doubles;

/// One function per kind of corruption.
Corrupted gaussian_noise(const Task& task);
Corrupted shot_noise(const Task& task);
Corrupted impulse_noise(const Task& task);
Corrupted speckle_noise(const Task& task);
Corrupted defocus_blur(const Task& task);
Corrupted glass_blur(const Task& task);
Corrupted motion_blur(const Task& task);
Corrupted zoom_blur(const Task& task);
Corrupted gaussian_blur(const Task& task);
Corrupted snow(const Task& task);
Corrupted frost(const Task& task);
Corrupted fog(const Task& task);
Corrupted brightness(const Task& task);
Corrupted contrast(const Task& task);
Corrupted saturate(const Task& task);
Corrupted elastic_transform(const Task& task);
Corrupted pixelate(const Task& task);
Corrupted jpeg_compression(const Task& task);
Corrupted spatter(const Task& task);

/// Applies a kind of corruption to one image with three channels. `severity` counts from 1.
Bytes corrupt_image(const std::string& kind, int64_t severity, bool imagenet, const Bytes& image,
                    Draws& draws, const Photographs* photographs = nullptr);

/// x / 255.
Doubles unit(const Bytes& image);
/// 255 x, with x clipped to [0,1].
Corrupted to_255(Doubles image);
Corrupted to_255(const Floats& image);

/// The image saved as JPEG with this quality (4:2:0) and read again.
Bytes through_jpeg(const Bytes& image, int64_t quality);

}  // namespace hfc::corrupt
