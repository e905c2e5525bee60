#include "run/gnuplot_text.h"

#include "base/utf8.h"

#include <fmt/format.h>

#include <algorithm>

namespace hfc::run {

std::string quote(const std::string& text) {
    std::string quoted = "'";
    for (const char c : to_utf8(text)) {
        quoted += c == '\'' ? "''" : std::string(1, static_cast<unsigned char>(c) < 0x20 ? ' ' : c);
    }
    return quoted + "'";
}

size_t characters(const std::string& text) {
    return static_cast<size_t>(
        std::count_if(text.begin(), text.end(), [](char c) { return (c & 0xC0) != 0x80; }));
}

std::string terminal(Format format, double width, double height) {
    if (format == Format::svg) {
        return fmt::format(
            "set terminal svg size {:.0f},{:.0f} dynamic noenhanced font 'sans-serif,{}' "
            "background '#ffffff'\n",
            width, height, font_size);
    }
    // Twice the size, for print. pngcairo counts fonts in points of 4/3 of a pixel, svg in pixels.
    return fmt::format(
        "set terminal pngcairo size {:.0f},{:.0f} noenhanced font 'Sans,{}' fontscale 1.5 "
        "linewidth 2 pointscale 2 background '#ffffff'\n",
        2 * width, 2 * height, font_size);
}

}  // namespace hfc::run
