#include "plot/gnuplot_text.h"

#include "base/utf8.h"

#include <fmt/format.h>

#include <algorithm>

namespace hfc::plot {

// Uses double quotes, because gnuplot 5.4 does not accept a quote at the start of a single-quoted
// string. In double quotes, gnuplot runs text in backquotes as a command before it reads escapes,
// so a backquote is written as an octal code.
std::string quote(const std::string& text) {
    std::string quoted = "\"";
    for (const char c : to_utf8(text)) {
        if (c == '`' || c == '@') {
            quoted += fmt::format("\\{:03o}", static_cast<unsigned>(c));
        } else if (c == '"' || c == '\\') {
            quoted += {'\\', c};
        } else {
            quoted += static_cast<unsigned char>(c) < 0x20 ? ' ' : c;
        }
    }
    return quoted + "\"";
}

size_t characters(const std::string& text) {
    return static_cast<size_t>(
        std::count_if(text.begin(), text.end(), [](char c) { return (c & 0xC0) != 0x80; }));
}

std::string terminal(Format format, const Canvas& canvas) {
    const auto& [width, height, font, print] = canvas;
    if (format == Format::svg) {
        const double scale = print ? 96.0 / 72 : 1;
        return fmt::format(
            "set terminal svg size {:.0f},{:.0f} dynamic noenhanced font 'sans-serif,{:.6g}' "
            "background '#ffffff'\n",
            width * scale, height * scale, font * scale);
    }
    if (format == Format::pdf) {
        return fmt::format(
            "set terminal pdfcairo size {:.4f}in,{:.4f}in noenhanced font 'Sans,{:.6g}' fontscale "
            "1 linewidth 1.6 pointscale {:.3f} background '#ffffff'\n",
            width / 72, height / 72, font, 0.9);
    }
    // Twice the size, or 300 dots per inch for print. pngcairo measures fonts in points of 4/3
    // pixel, svg in pixels.
    const double scale = print ? 300.0 / 72 : 2;
    return fmt::format(
        "set terminal pngcairo size {:.0f},{:.0f} noenhanced font 'Sans,{:.6g}' fontscale {:.6g} "
        "linewidth {:.6g} pointscale {:.6g} background '#ffffff'\n",
        scale * width, scale * height, font, 0.75 * scale, scale, scale);
}

}  // namespace hfc::plot
