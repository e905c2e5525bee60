// Filters that give the same bytes as the libraries used by the published code. Because results are
// truncated to bytes, some filters must agree with these libraries to the last bit.
#pragma once

#include "corrupt/picture.h"

namespace hfc::corrupt {

/// The values beyond the border: the outermost pixel repeated, or the image mirrored, with the
/// outermost pixel occurring twice.
enum class Border { repeat, mirror };

/// scipy's gaussian_filter of each plane: taps up to int(reach * sigma + .5) pixels away.
template <typename T>
void blur(Planes<T>& image, double sigma, double reach = 4, Border border = Border::repeat);

/// ImageMagick's motion blur: half of a Gaussian, with 2 radius + 1 taps along a line at this angle
/// (in degrees).
Bytes motion(const Bytes& image, int64_t radius, double sigma, double angle);

/// The middle of each plane, magnified by `factor` to the size of the plane: scipy's zoom with
/// linear interpolation and aligned corners.
template <typename T>
Planes<T> zoomed(const Planes<T>& image, double factor);

extern template void blur(Planes<float>& image, double sigma, double reach, Border border);
extern template void blur(Planes<double>& image, double sigma, double reach, Border border);
extern template Planes<float> zoomed(const Planes<float>& image, double factor);
extern template Planes<double> zoomed(const Planes<double>& image, double factor);

/// Pillow's resize with the box filter.
Bytes resize_by_box(const Bytes& image, int64_t height, int64_t width);

}  // namespace hfc::corrupt
