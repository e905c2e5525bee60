// The file formats of a figure.
#pragma once

namespace hfc::plot {

enum class Format { svg, png, pdf };

/// "svg"
constexpr const char* extension(Format format) {
    return format == Format::svg ? "svg" : format == Format::png ? "png" : "pdf";
}

}  // namespace hfc::plot
