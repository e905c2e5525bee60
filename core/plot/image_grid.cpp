#include "plot/image_grid.h"

#include "base/dtype_name.h"
#include "base/error.h"
#include "base/images.h"
#include "plot/gnuplot_text.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>
#include <sstream>

namespace hfc::plot {
namespace {

constexpr int64_t most_images = 1024;
constexpr int64_t most_pixels = int64_t{1} << 22;
constexpr double picture_size = 96;  // points; smaller images become more than half as large
constexpr double line_height = 1.3 * font_size;
constexpr double gap = 10;
constexpr double border = 14;

/// Small images are enlarged by integer factors, which keep the pixels square and sharp.
double enlargement(const ImageGrid& grid) {
    const auto side = static_cast<double>(std::max(grid.images.size(2), grid.images.size(3)));
    return side <= picture_size ? std::floor(picture_size / side) : std::min(1.0, 224 / side);
}

std::vector<std::string> lines_of(const std::string& text) {
    std::vector<std::string> lines;
    std::istringstream stream(text);
    for (std::string line; std::getline(stream, line);) {
        lines.push_back(line);
    }
    return lines;
}

/// The largest number of lines in a text, and the largest number of characters in a line.
std::pair<size_t, size_t> extent(const std::vector<std::string>& texts) {
    size_t count = 0, longest = 0;
    for (const auto& text : texts) {
        const auto lines = lines_of(text);
        count = std::max(count, lines.size());
        for (const auto& line : lines) {
            longest = std::max(longest, characters(line));
        }
    }
    return {count, longest};
}

/// The positions and sizes of all parts, in points from the upper left corner.
struct Layout {
    double factor;         ///< points per pixel
    double width, height;  ///< of a picture
    double across, down;   ///< from one picture to the next
    double left, top;      ///< of the first picture
    double canvas_width, canvas_height;

    double x(int64_t column) const {
        return left + static_cast<double>(column) * across + (across - gap - width) / 2;
    }
    double y(int64_t row) const { return top + static_cast<double>(row) * down; }
};

Layout make_layout(const ImageGrid& grid) {
    Layout layout = {};
    const auto [lines, longest] = extent(grid.captions);
    layout.factor = enlargement(grid);
    layout.height = layout.factor * static_cast<double>(grid.images.size(2));
    layout.width = layout.factor * static_cast<double>(grid.images.size(3));
    layout.across =
        std::max(layout.width, character_width(font_size) * static_cast<double>(longest)) + gap;
    layout.down = layout.height + line_height * static_cast<double>(lines) + gap;
    const auto heading = extent(grid.headings).second;
    layout.left =
        border +
        (heading > 0 ? character_width(font_size) * static_cast<double>(heading) + gap : 0);
    layout.top = border + (grid.title.empty() ? 0 : 2 * line_height);
    const auto columns = std::min(grid.columns, grid.images.size(0));
    layout.canvas_width = layout.left + static_cast<double>(columns) * layout.across - gap + border;
    layout.canvas_width =
        std::max(layout.canvas_width, 2 * border + character_width(font_size) *
                                                       static_cast<double>(characters(grid.title)));
    layout.canvas_height =
        layout.top + static_cast<double>(grid.rows()) * layout.down - gap + border;
    return layout;
}

std::string label(const std::string& text, double x, double y, const std::string& alignment,
                  int size = font_size) {
    return fmt::format("set label {} at {:.2f},{:.2f} {} font ',{}'\n", quote(text), x, y,
                       alignment, size);
}

std::string labels(const ImageGrid& grid, const Layout& layout) {
    std::string text;
    if (!grid.title.empty()) {
        text += label(grid.title, layout.canvas_width / 2, border + line_height / 2, "center",
                      font_size + 2);
    }
    for (size_t i = 0; i < grid.captions.size(); ++i) {
        const auto row = static_cast<int64_t>(i) / grid.columns,
                   column = static_cast<int64_t>(i) % grid.columns;
        double y = layout.y(row) + layout.height + 0.65 * line_height;
        for (const auto& line : lines_of(grid.captions[i])) {
            text += label(line, layout.x(column) + layout.width / 2, y, "center");
            y += line_height;
        }
    }
    for (size_t row = 0; row < grid.headings.size(); ++row) {
        text += label(grid.headings[row], layout.left - gap,
                      layout.y(static_cast<int64_t>(row)) + layout.height / 2, "right");
    }
    return text;
}

/// One line per pixel: column, row, red, green, blue. gnuplot needs at least two rows and two
/// columns to determine the size of the pixels.
std::string inline_data(const at::Tensor& image) {
    auto planes = image.size(0) == 1 ? image.expand({3, -1, -1}) : image;
    for (const int64_t dim : {1, 2}) {
        planes = planes.size(dim) < 2 ? planes.repeat_interleave(2, dim) : planes;
    }
    planes = planes.contiguous();
    const auto height = planes.size(1), width = planes.size(2);
    const auto* red = planes.const_data_ptr<uint8_t>();
    std::string text;
    for (int64_t i = 0; i < height * width; ++i) {
        text += fmt::format("{} {} {} {} {}\n",
                            (static_cast<double>(i % width) + 0.5) / static_cast<double>(width),
                            (static_cast<double>(i / width) + 0.5) / static_cast<double>(height),
                            red[i], red[height * width + i], red[2 * height * width + i]);
    }
    return text + "e\n";
}

}  // namespace

void require_valid(const ImageGrid& grid) {
    const auto& images = grid.images;
    require(images.defined() && images.dim() == 4 && images.scalar_type() == at::kByte &&
                images.device().is_cpu(),
            "expected a uint8 tensor [N, C, H, W] on the CPU, got {}",
            images.defined() ? fmt::format("{} [{}]", dtype_name(images.scalar_type()),
                                           fmt::join(images.sizes(), ", "))
                             : "nothing");
    require(images.size(1) == 1 || images.size(1) == 3,
            "images must have 1 channel (grey) or 3 (RGB), got {}", images.size(1));
    require(images.numel() > 0, "there is no image to draw: the shape is [{}]",
            fmt::join(images.sizes(), ", "));
    require(images.size(0) <= most_images && images.numel() / images.size(1) <= most_pixels,
            "{} images of {} x {} are too many for one figure: expected at most {} images and {} "
            "pixels in total",
            images.size(0), images.size(2), images.size(3), most_images, most_pixels);
    require(grid.columns >= 1, "columns must be at least 1, got {}", grid.columns);
    require(grid.captions.empty() || static_cast<int64_t>(grid.captions.size()) == images.size(0),
            "expected one caption per image ({}), got {}", images.size(0), grid.captions.size());
    require(grid.headings.empty() || static_cast<int64_t>(grid.headings.size()) == grid.rows(),
            "expected one heading per row ({}), got {}", grid.rows(), grid.headings.size());
}

at::Tensor mosaic(const ImageGrid& grid) {
    require_valid(grid);
    const auto& images = grid.images;
    const auto columns = std::min(grid.columns, images.size(0));
    const auto white = at::full(
        {grid.rows() * columns - images.size(0), images.size(1), images.size(2), images.size(3)},
        255, at::kByte);
    return at::cat({images, white})
        .reshape({grid.rows(), columns, images.size(1), images.size(2), images.size(3)})
        .permute({2, 0, 3, 1, 4})
        .reshape({images.size(1), grid.rows() * images.size(2), columns * images.size(3)})
        .contiguous();
}

std::string gnuplot_program(const ImageGrid& grid, Format format) {
    require_valid(grid);
    const auto layout = make_layout(grid);
    auto text = terminal(format, {.width = layout.canvas_width, .height = layout.canvas_height}) +
                "set encoding utf8\n";
    text +=
        "unset border\nunset tics\nunset key\nset lmargin at screen 0\nset rmargin at screen "
        "1\nset tmargin at screen 1\n"
        "set bmargin at screen 0\n";
    text += fmt::format("set xrange [0:{:.2f}]\nset yrange [{:.2f}:0]\n", layout.canvas_width,
                        layout.canvas_height);
    text += labels(grid, layout);
    std::vector<std::string> parts;
    std::string data;
    for (int64_t i = 0; i < grid.images.size(0); ++i) {
        data += inline_data(grid.images[i]);
        parts.push_back(fmt::format(
            "'-' using ({:.2f}+$1*{:.2f}):({:.2f}+$2*{:.2f}):3:4:5 with rgbimage",
            layout.x(i % grid.columns), layout.width, layout.y(i / grid.columns), layout.height));
    }
    return text + fmt::format("plot {}\n{}", fmt::join(parts, ", \\\n  "), data);
}

at::Tensor to_bytes(const at::Tensor& images, const PixelRange& range) {
    require(images.dim() == 4 && images.is_floating_point(),
            "expected floating-point images [N, C, H, W], got {} [{}]{}",
            dtype_name(images.scalar_type()), fmt::join(images.sizes(), ", "),
            image_advice(images));
    require(range.each || (std::isfinite(range.black) && std::isfinite(range.white) &&
                           range.black < range.white),
            "range must be two ascending numbers, got {} to {}", range.black, range.white);
    auto values = images.detach().to(at::kCPU, at::kDouble);
    require(values.isfinite().all().item<bool>(), "the images contain values that are not finite");
    if (values.numel() == 0) {
        return values.to(at::kByte);
    }
    if (range.each) {
        const auto least = values.amin({1, 2, 3}, /*keepdim=*/true);
        const auto extent_of = values.amax({1, 2, 3}, /*keepdim=*/true) - least;
        values = (values - least) / extent_of.clamp_min(1e-30);
    } else {
        values = (values - range.black) / (range.white - range.black);
    }
    return values.clamp(0, 1).mul(255).round().to(at::kByte).contiguous();
}

}  // namespace hfc::plot
