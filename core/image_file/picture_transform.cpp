#include "image_file/picture_transform.h"

#include "base/error.h"

#include <algorithm>
#include <cmath>

namespace hfc::image_file {
namespace {

void require_picture(const Size& picture) {
    require(picture.height >= 1 && picture.width >= 1,
            "expected an image with at least one pixel, got {} x {}", picture.height,
            picture.width);
}

void require_side(const char* function, int64_t n) {
    constexpr int64_t largest = 16384;
    require(n >= 1 && n <= largest, "{}: the size must be 1 to {} pixels, got {}", function,
            largest, n);
}

void require_range(const std::array<double, 2>& range, const char* name) {
    require(range[0] > 0 && range[0] <= range[1] && std::isfinite(range[1]),
            "random_resized_crop: {} must be two positive numbers in ascending order, got {} and "
            "{}",
            name, range[0], range[1]);
}

/// Python's round(): halves are rounded to the even neighbour.
int64_t rounded(double value) {
    return static_cast<int64_t>(std::nearbyint(value));
}

/// Where n pixels begin if they are centred in `length`; negative if there are more than `length`.
int64_t central(int64_t length, int64_t n) {
    return n > length ? -((n - length) / 2) : rounded(static_cast<double>(length - n) / 2);
}

double between(const std::array<double, 2>& range, double uniform) {
    return range[0] + (range[1] - range[0]) * uniform;
}

/// A place among `count`.
int64_t place(int64_t count, double uniform) {
    return std::min(count - 1, static_cast<int64_t>(uniform * static_cast<double>(count)));
}

Geometry resized_box(const Box& box, int64_t n) {
    return {box, {n, n}, {0, 0, n, n}, false};
}

Box largest_central_box(const Size& picture, const std::array<double, 2>& ratio) {
    auto [height, width] = picture;
    const double own = static_cast<double>(width) / static_cast<double>(height);
    if (own < ratio[0]) {
        height = std::max<int64_t>(1, rounded(static_cast<double>(width) / ratio[0]));
    } else if (own > ratio[1]) {
        width = std::max<int64_t>(1, rounded(static_cast<double>(height) * ratio[1]));
    }
    return {(picture.height - height) / 2, (picture.width - width) / 2, height, width};
}

}  // namespace

Interpolation parse_interpolation(const std::string& name) {
    require(name == "bilinear" || name == "bicubic",
            "interpolation must be \"bilinear\" or \"bicubic\", got \"{}\"{}", name,
            did_you_mean(name, {"bilinear", "bicubic"}));
    return name == "bilinear" ? Interpolation::bilinear : Interpolation::bicubic;
}

Geometry whole_picture(const Size& picture) {
    require_picture(picture);
    const Box all{0, 0, picture.height, picture.width};
    return {all, picture, all, false};
}

Geometry resize(const Size& picture, int64_t n) {
    require_picture(picture);
    require_side("resize", n);
    const auto shorter = std::min(picture.height, picture.width);
    const auto longer = n * std::max(picture.height, picture.width) / shorter;
    const Size resized = picture.width <= picture.height ? Size{longer, n} : Size{n, longer};
    return {{0, 0, picture.height, picture.width},
            resized,
            {0, 0, resized.height, resized.width},
            false};
}

Geometry center_crop(const Geometry& before, int64_t n) {
    require_side("center_crop", n);
    auto after = before;
    const auto left = central(before.window.width, n);
    after.window.top += central(before.window.height, n);
    after.window.left += before.flip ? before.window.width - n - left : left;
    after.window.height = n;
    after.window.width = n;
    return after;
}

Geometry pad(const Geometry& before, int64_t n) {
    auto after = before;
    after.window.top -= n;
    after.window.left -= n;
    after.window.height += 2 * n;
    after.window.width += 2 * n;
    return after;
}

Geometry random_crop(const Geometry& before, int64_t n, const Uniform& uniform) {
    require_side("random_crop", n);
    const auto& [top, left, height, width] = before.window;
    require(height >= n && width >= n,
            "random_crop {} requires a larger image, got {} x {} pixels (height x width); resize "
            "or pad the image first",
            n, height, width);
    auto after = before;
    const auto down = place(height - n + 1, uniform());
    const auto right = place(width - n + 1, uniform());
    after.window = {top + down, left + (before.flip ? width - n - right : right), n, n};
    return after;
}

Geometry random_resized_crop(const Size& picture, int64_t n, const CropOptions& options,
                             const Uniform& uniform) {
    constexpr int tries = 10;
    require_picture(picture);
    require_side("random_resized_crop", n);
    require_range(options.scale, "scale");
    require_range(options.ratio, "ratio");
    const double all = static_cast<double>(picture.height) * static_cast<double>(picture.width);
    const std::array<double, 2> log_ratio = {std::log(options.ratio[0]),
                                             std::log(options.ratio[1])};
    for (int i = 0; i < tries; ++i) {
        const double area = all * between(options.scale, uniform());
        const double ratio = std::exp(between(log_ratio, uniform()));
        const auto width = rounded(std::sqrt(area * ratio));
        const auto height = rounded(std::sqrt(area / ratio));
        if (width >= 1 && width <= picture.width && height >= 1 && height <= picture.height) {
            const auto top = place(picture.height - height + 1, uniform());
            const auto left = place(picture.width - width + 1, uniform());
            return resized_box({top, left, height, width}, n);
        }
    }
    return resized_box(largest_central_box(picture, options.ratio), n);
}

Geometry horizontal_flip(const Geometry& before, double p, const Uniform& uniform) {
    require(p >= 0 && p <= 1, "horizontal_flip: p must be 0 to 1, got {}", p);
    auto after = before;
    after.flip = before.flip != (uniform() < p);
    return after;
}

}  // namespace hfc::image_file
