// Figures with rows of pictures, each picture with a caption below it: images with a network's
// predictions, or convolution kernels.
#pragma once

#include "plot/format.h"

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <string>
#include <vector>

namespace hfc::plot {

struct ImageGrid {
    /// uint8 [N, C, H, W] on the CPU with C = 1 (grey) or 3 (RGB), laid out row by row.
    at::Tensor images;
    int64_t columns = 8;  ///< pictures per row
    /// One per picture, or empty. A caption may have several lines.
    std::vector<std::string> captions = {};
    std::vector<std::string> headings = {};  ///< one per row, to its left; or none
    std::string title = {};

    int64_t rows() const { return (images.size(0) + columns - 1) / columns; }
};

/// Throws Error naming the problem: dtype, shape, columns, or the number of captions or headings.
void require_valid(const ImageGrid& grid);

/// The pictures next to each other without gaps, at their original size: uint8 [C, rows * H,
/// columns * W]; missing pictures are white.
at::Tensor mosaic(const ImageGrid& grid);

/// The gnuplot program that draws the grid. Small pictures are enlarged by an integer factor,
/// without interpolation.
std::string gnuplot_program(const ImageGrid& grid, Format format);

/// How values are converted to bytes.
struct PixelRange {
    double black = 0;
    double white = 1;
    bool each = false;  ///< use the minimum and maximum of each picture instead
};

/// Converts float images [N, C, H, W] on any device to uint8 on the CPU, clipped to the range.
/// Throws Error for any other shape, for NaN values and for an empty range.
at::Tensor to_bytes(const at::Tensor& images, const PixelRange& range = {});

}  // namespace hfc::plot
