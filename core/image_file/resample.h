// Resizing as Pillow and torchvision do it: a filter that is widened when shrinking, so that high
// frequencies are averaged away and do not come back as low ones.
#pragma once

#include "image_file/picture_transform.h"

#include <cstddef>
#include <cstdint>

namespace hfc::image_file {

/// What is computed along one side of a picture.
struct AxisPlan {
    int64_t begin = 0;        ///< the first pixel that the filter is given
    int64_t length = 0;       ///< their number
    int64_t need_begin = 0;   ///< of these, the first one that the result depends on
    int64_t need_length = 0;  ///< their number
    int64_t computed = 0;     ///< pixels of the result that the filter computes
    int64_t kept_begin = 0;   ///< of these, the first one that is kept
    int64_t kept = 0;         ///< their number
    int64_t to = 0;           ///< where the kept ones go in the result
    double scale = 1;         ///< result pixels for one of the picture
    bool whole = true;        ///< whether the filter sees the box to both ends
};

struct Plan {
    AxisPlan rows;
    AxisPlan columns;
};

/// The least that gives what the geometry asks for. Pixels that are given but not needed may hold
/// anything.
Plan plan_resampling(const Geometry& geometry, Interpolation interpolation);

/// Resizes the planned pixels of interleaved RGB bytes (the first one at `rgb`) to planes [3,
/// window.height, window.width].
void resample(const uint8_t* rgb, size_t stride, const Plan& plan, const Geometry& geometry,
              Interpolation interpolation, uint8_t* planes);

}  // namespace hfc::image_file
