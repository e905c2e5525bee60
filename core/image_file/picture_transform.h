// Which pixels of a picture a network receives: torchvision's rules for resizing, cropping and
// mirroring. Everything here is arithmetic on sizes; read_picture.h applies it to pixels.
#pragma once

#include "image_file/pixels.h"

#include <array>
#include <cstdint>
#include <functional>
#include <string>

namespace hfc::image_file {

enum class Interpolation { bilinear, bicubic };

/// "bilinear" or "bicubic"; throws Error for anything else.
Interpolation parse_interpolation(const std::string& name);

/// The changes to a picture: `box` is cut out and resized to `resized`. Then `window` is cut out of
/// the result and, if `flip` is set, mirrored. Any part of the window outside the result is black.
struct Geometry {
    Box box;
    Size resized;
    Box window;
    bool flip = false;
    bool operator==(const Geometry&) const = default;
};

/// Uniform random numbers in [0, 1), one per call.
using Uniform = std::function<double()>;

struct CropOptions {
    /// Area of the box as a fraction of the picture's area.
    std::array<double, 2> scale = {0.08, 1};
    std::array<double, 2> ratio = {3. / 4, 4. / 3};  ///< width over height of the box
};

/// The unchanged picture.
Geometry whole_picture(const Size& picture);

/// The shorter side becomes n, the longer one floor(n * long / short).
Geometry resize(const Size& picture, int64_t n);

/// Keeps the central n x n pixels of the result of `before`, with a black border if that result is
/// smaller.
Geometry center_crop(const Geometry& before, int64_t n);

/// Adds a black border of n pixels to the result of `before`.
Geometry pad(const Geometry& before, int64_t n);

/// Keeps a random n x n crop of the result of `before`. Draws two numbers. Throws Error if the
/// result of `before` is smaller.
Geometry random_crop(const Geometry& before, int64_t n, const Uniform& uniform);

/// A box of random area, ratio and position, resized to n x n. Draws two numbers per attempt, for
/// at most ten attempts, and two for the position. If no attempt produces a box that fits into the
/// picture, the largest central box with an allowed ratio is used. Throws Error if the ranges are
/// empty or not positive.
Geometry random_resized_crop(const Size& picture, int64_t n, const CropOptions& options,
                             const Uniform& uniform);

/// Mirrors the result of `before` with probability p. Draws one number.
Geometry horizontal_flip(const Geometry& before, double p, const Uniform& uniform);

}  // namespace hfc::image_file
