// Which pixels of a picture a network sees: torchvision's rules for resizing, cropping and
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

/// What is done to a picture: `box` is cut out, then resized to `resized`; of that, `window` is
/// kept, then mirrored if `flip`. The window may stick out: there the result is black.
struct Geometry {
    Box box;
    Size resized;
    Box window;
    bool flip = false;
    bool operator==(const Geometry&) const = default;
};

/// Uniform random numbers in [0, 1), one a call.
using Uniform = std::function<double()>;

struct CropOptions {
    std::array<double, 2> scale = {0.08, 1};         ///< area of the box, in areas of the picture
    std::array<double, 2> ratio = {3. / 4, 4. / 3};  ///< width over height of the box
};

/// The picture as it is.
Geometry whole_picture(const Size& picture);

/// The shorter side becomes n, the longer one floor(n * long / short).
Geometry resize(const Size& picture, int64_t n);

/// Keeps the central n x n pixels of what `before` gives, with a black border where that is
/// smaller.
Geometry center_crop(const Geometry& before, int64_t n);

/// A black border of n pixels around what `before` gives.
Geometry pad(const Geometry& before, int64_t n);

/// n x n pixels of what `before` gives, at a random place. Draws two numbers. Throws Error where
/// that is smaller.
Geometry random_crop(const Geometry& before, int64_t n, const Uniform& uniform);

/// A box of random area, ratio and place, resized to n x n. Draws two numbers a try, at most ten
/// tries, and two for the place; if no try fits the picture, the largest central box whose ratio is
/// allowed is taken. Throws Error where the ranges are empty or not positive.
Geometry random_resized_crop(const Size& picture, int64_t n, const CropOptions& options,
                             const Uniform& uniform);

/// Mirrors what `before` gives with probability p. Draws one number.
Geometry horizontal_flip(const Geometry& before, double p, const Uniform& uniform);

}  // namespace hfc::image_file
