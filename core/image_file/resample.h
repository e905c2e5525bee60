// Resizes as Pillow and torchvision do: when an image is shrunk, the filter is widened, so that
// high frequencies are averaged out instead of aliasing to low ones.
#pragma once

#include "image_file/picture_transform.h"

#include <cstddef>
#include <cstdint>

namespace hfc::image_file {

/// The computation along one axis of a picture.
struct AxisPlan {
    int64_t begin = 0;        ///< the first pixel that the filter gets
    int64_t length = 0;       ///< the number of pixels that the filter gets
    int64_t need_begin = 0;   ///< the first of these pixels that affects the result
    int64_t need_length = 0;  ///< the number of pixels that affect it
    int64_t computed = 0;     ///< the number of result pixels that the filter computes
    int64_t kept_begin = 0;   ///< the first computed pixel to keep
    int64_t kept = 0;         ///< the number of computed pixels to keep
    int64_t to = 0;           ///< where the kept pixels go in the result
    double scale = 1;         ///< result pixels per pixel of the picture
    bool whole = true;        ///< whether the filter gets the whole extent of the box
};

struct Plan {
    AxisPlan rows;
    AxisPlan columns;
};

/// The smallest computation that produces the image that the geometry describes. Pixels that are
/// passed but not needed may have any value.
Plan plan_resampling(const Geometry& geometry, Interpolation interpolation);

/// Resizes the pixels that `plan` selects (interleaved RGB bytes; the first one is at `rgb`) to
/// planes [3, window.height, window.width].
void resample(const uint8_t* rgb, size_t stride, const Plan& plan, const Geometry& geometry,
              Interpolation interpolation, uint8_t* planes);

}  // namespace hfc::image_file
