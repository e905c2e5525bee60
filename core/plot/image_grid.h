// Figures of pictures in rows, each with a caption under it: images with what a network takes them
// for, or convolution kernels.
#pragma once

#include "plot/format.h"

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <string>
#include <vector>

namespace hfc::plot {

struct ImageGrid {
    at::Tensor
        images;  ///< uint8 [N, C, H, W] on the CPU, C 1 (grey) or 3 (RGB); laid out row by row
    int64_t columns = 8;                     ///< pictures a row
    std::vector<std::string> captions = {};  ///< one a picture, in lines; empty: none
    std::vector<std::string> headings = {};  ///< one a row, to its left; empty: none
    std::string title = {};

    int64_t rows() const { return (images.size(0) + columns - 1) / columns; }
};

/// Throws Error naming what does not fit: dtype, shape, columns, or the number of captions or
/// headings.
void require_valid(const ImageGrid& grid);

/// The pictures side by side without gaps, at their own size: uint8 [C, rows * H, columns * W];
/// missing ones are white.
at::Tensor mosaic(const ImageGrid& grid);

/// The gnuplot program that draws the grid, small pictures enlarged by a whole factor, without
/// interpolation.
std::string gnuplot_program(const ImageGrid& grid, Format format);

/// How values become bytes.
struct PixelRange {
    double black = 0;
    double white = 1;
    bool each = false;  ///< each picture from its own smallest to its own largest value instead
};

/// float images [N, C, H, W] of any device as uint8 on the CPU, cut off outside the range. Throws
/// Error for another shape, for values that are no numbers and for a range without extent.
at::Tensor to_bytes(const at::Tensor& images, const PixelRange& range = {});

}  // namespace hfc::plot
