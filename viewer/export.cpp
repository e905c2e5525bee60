#include "viewer/export.h"

#include "run/csv.h"
#include "viewer/axis.h"

#include <algorithm>
#include <cmath>
#include <cstdio>

namespace hfc::viewer {
namespace {

std::string escaped(const std::string& text) {
    std::string result;
    for (const char c : text) {
        result += c == '<' ? "&lt;" : c == '>' ? "&gt;" : c == '&' ? "&amp;" : std::string(1, c);
    }
    return result;
}

template <typename... Values>
std::string format(const char* pattern, Values... values) {
    char text[256];
    std::snprintf(text, sizeof text, pattern, values...);
    return text;
}

/// The position of the curves in the picture.
struct Canvas {
    double left, top, right, bottom;
    Range x, y;
    double pixel_x(double value) const {
        return left + (value - x.low) / (x.high - x.low) * (right - left);
    }
    double pixel_y(double value) const {
        return bottom -
               std::clamp((value - y.low) / (y.high - y.low), -10.0, 10.0) * (bottom - top);
    }
};

std::string axes(const Canvas& frame, const ExportPanel& panel) {
    std::string svg;
    for (const auto& tick :
         panel.logarithmic_x ? log_ticks(frame.x, 8) : linear_ticks(frame.x, 8)) {
        const double at = frame.pixel_x(tick.value);
        svg += format(
            "<path d=\"M%.1f %.1fV%.1f\" stroke=\"#ddd\"/>\n<text x=\"%.1f\" y=\"%.1f\" "
            "text-anchor=\"middle\">%s</text>\n",
            at, frame.top, frame.bottom, at, frame.bottom + 18, tick.label.c_str());
    }
    for (const auto& tick : panel.logarithmic ? log_ticks(frame.y, 8) : linear_ticks(frame.y, 8)) {
        const double at = frame.pixel_y(tick.value);
        svg += format(
            "<path d=\"M%.1f %.1fH%.1f\" stroke=\"#ddd\"/>\n<text x=\"%.1f\" y=\"%.1f\" "
            "text-anchor=\"end\">%s</text>\n",
            frame.left, at, frame.right, frame.left - 6, at + 4, tick.label.c_str());
    }
    return svg + format(
                     "<rect x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\" fill=\"none\" "
                     "stroke=\"#888\"/>\n",
                     frame.left, frame.top, frame.right - frame.left, frame.bottom - frame.top);
}

/// The area between the ends of the band, from left to right and back.
std::string draw_band(const Canvas& frame, const ExportCurve& curve) {
    std::string there, back;
    for (size_t i = 0; i < curve.low->size(); ++i) {
        const double x = (*curve.x)[i], low = (*curve.low)[i], high = (*curve.high)[i];
        if (std::isfinite(x) && std::isfinite(low) && std::isfinite(high)) {
            there += format("%.2f,%.2f ", frame.pixel_x(x), frame.pixel_y(high));
            back = format("%.2f,%.2f ", frame.pixel_x(x), frame.pixel_y(low)) + back;
        }
    }
    return there.empty() ? ""
                         : "<polygon points=\"" + there + back +
                               format("\" fill=\"#%06x\" opacity=\"0.2\"/>\n", curve.color);
}

std::string draw(const Canvas& frame, const ExportCurve& curve) {
    std::string path, marks;
    const bool few = curve.y->size() < 100 && !curve.faint;
    bool drawing = false;
    const auto point = [&](double x, double y) {
        path += format("%c%.2f %.2f", drawing ? 'L' : 'M', x, y);
        drawing = true;
    };
    if (curve.y->size() < 2000) {
        for (size_t i = 0; i < curve.y->size(); ++i) {
            const double x = (*curve.x)[i], y = (*curve.y)[i];
            drawing = drawing && std::isfinite(x) && std::isfinite(y) &&
                      !(i > 0 && x < (*curve.x)[i - 1]);
            if (std::isfinite(x) && std::isfinite(y)) {
                point(frame.pixel_x(x), frame.pixel_y(y));
                marks += few ? format("<circle cx=\"%.2f\" cy=\"%.2f\" r=\"3\"/>", frame.pixel_x(x),
                                      frame.pixel_y(y))
                             : "";
            }
        }
    } else {
        for (const auto& column : reduce(*curve.x, *curve.y, frame.x,
                                         static_cast<int>(2 * (frame.right - frame.left)))) {
            drawing = drawing && !column.gap_before;
            const double x = frame.left + (column.pixel + 0.5) / 2;
            for (const double value : {column.first, column.lowest, column.highest, column.last}) {
                point(x, frame.pixel_y(value));
            }
        }
    }
    return format(
               "<g stroke=\"#%06x\" fill=\"#%06x\"%s%s><path fill=\"none\" stroke-width=\"1.8\" "
               "d=\"",
               curve.color, curve.color, curve.faint ? " opacity=\"0.3\"" : "",
               curve.dotted ? " stroke-dasharray=\"2 3\"" : "") +
           path + "\"/>" + marks + "</g>\n";
}

}  // namespace

std::string to_csv(const ExportPanel& panel) {
    const auto has_band = [](const ExportCurve& curve) { return !curve.low->empty(); };
    const bool bands = std::any_of(panel.curves.begin(), panel.curves.end(), has_band);
    std::string csv = "curve," + run::csv_field(panel.x_name) + "," + run::csv_field(panel.title);
    csv += bands ? "," + run::csv_field(panel.title + " low") + "," +
                       run::csv_field(panel.title + " high")
                 : "";
    csv += "\n";
    const auto number = [](double value, bool logarithmic) {
        return format(",%.17g", logarithmic ? std::pow(10, value) : value);
    };
    for (const auto& curve : panel.curves) {
        for (size_t i = 0; i < curve.y->size(); ++i) {
            const double x = (*curve.x)[i], y = (*curve.y)[i];
            if (!std::isfinite(x) || !std::isfinite(y)) {
                continue;
            }
            csv += run::csv_field(curve.name) + number(x, panel.logarithmic_x) +
                   number(y, panel.logarithmic);
            for (const auto* const end : {curve.low, curve.high}) {
                csv += has_band(curve) ? number((*end)[i], panel.logarithmic) : bands ? "," : "";
            }
            csv += "\n";
        }
    }
    return csv;
}

std::string to_svg(const ExportPanel& panel, int width, int height) {
    const Canvas frame = {64, 34, width - 190.0, height - 48.0, panel.x, panel.y};
    std::string svg =
        format(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%d\" viewBox=\"0 0 %d "
            "%d\" ",
            width, height, width, height) +
        "font-family=\"sans-serif\" font-size=\"13\">\n<rect width=\"100%\" height=\"100%\" "
        "fill=\"#fff\"/>\n" +
        axes(frame, panel) +
        format(
            "<clipPath id=\"frame\"><rect x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" "
            "height=\"%.1f\"/></clipPath>\n",
            frame.left, frame.top, frame.right - frame.left, frame.bottom - frame.top) +
        "<g clip-path=\"url(#frame)\">\n";
    for (const auto& curve : panel.curves) {
        svg += draw_band(frame, curve);
    }
    for (const auto& curve : panel.curves) {
        svg += draw(frame, curve);
    }
    svg += "</g>\n" + format("<text x=\"%.1f\" y=\"20\" font-size=\"15\">", frame.left) +
           escaped(panel.title) + "</text>\n" +
           format("<text x=\"%.1f\" y=\"%d\" text-anchor=\"middle\">",
                  (frame.left + frame.right) / 2, height - 10) +
           escaped(panel.x_name) + "</text>\n";
    double at = frame.top + 10;
    for (const auto& curve : panel.curves) {
        if (curve.faint) {
            continue;
        }
        svg += format(
                   "<rect x=\"%.1f\" y=\"%.1f\" width=\"11\" height=\"11\" fill=\"#%06x\"/><text "
                   "x=\"%.1f\" y=\"%.1f\">",
                   frame.right + 12, at - 10, curve.color, frame.right + 28, at) +
               escaped(curve.name) + "</text>\n";
        at += 19;
    }
    return svg + "</svg>\n";
}

std::filesystem::path unused_name(const std::filesystem::path& folder, const std::string& stem,
                                  const std::string& extension) {
    auto path = folder / (stem + "." + extension);
    std::error_code unreadable;
    for (int number = 2; std::filesystem::exists(path, unreadable); ++number) {
        path = folder / (stem + "-" + std::to_string(number) + "." + extension);
    }
    return path;
}

}  // namespace hfc::viewer
