// How a figure looks.
#include "run/figure.h"
#include "run/gnuplot_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <iterator>
#include <limits>

namespace hfc::run {
namespace {

// Okabe and Ito's colours, the yellow last: it is faint on white. https://jfly.uni-koeln.de/color/
constexpr const char* colours[] = {"#000000", "#0072B2", "#D55E00", "#009E73",
                                   "#E69F00", "#CC79A7", "#56B4E9", "#F0E442"};
constexpr int markers[] = {7, 5, 9, 11, 13,
                           6, 4, 8, 10, 12};  // filled and open circle, square, triangles, diamond
constexpr double panel_width = 400;
constexpr double panel_height = 290;
constexpr double panel_gap = 22;
constexpr size_t most_across = 4;  // panels in a row
constexpr double left = 72;
constexpr double bottom = 58;

struct Range {
    double low = std::numeric_limits<double>::infinity();
    double high = -std::numeric_limits<double>::infinity();

    void include(double value) {
        low = std::min(low, value);
        high = std::max(high, value);
    }
    /// With room at both ends, so that the outermost points are not cut.
    std::string padded(double part) const {
        const double room = high > low ? (high - low) * part : std::max(std::abs(high) * part, 0.5);
        return fmt::format("[{:.10g}:{:.10g}]", low - room, high + room);
    }
};

std::string capitalised(std::string text) {
    if (!text.empty() && text[0] >= 'a' && text[0] <= 'z') {
        text[0] = static_cast<char>(text[0] - 'a' + 'A');
    }
    return text;
}

/// A line of the legend, and how it is drawn.
struct Entry {
    std::string name;
    size_t colour;  ///< the number of the colour's name
    size_t dash;
};

std::vector<Entry> legend_of(const std::vector<Panel>& panels) {
    std::vector<Entry> legend;
    std::vector<std::string> known;
    for (const auto& panel : panels) {
        for (const auto& curve : panel.curves) {
            if (std::ranges::find(legend, curve.name, &Entry::name) != legend.end()) {
                continue;
            }
            const auto& name = curve.colour.empty() ? curve.name : curve.colour;
            const auto found = std::ranges::find(known, name) - known.begin();
            if (found == std::ssize(known)) {
                known.push_back(name);
            }
            legend.push_back({curve.name, static_cast<size_t>(found), curve.dash});
        }
    }
    return legend;
}

Range range_of(const std::vector<Panel>& panels, bool vertical, bool with_bands = true) {
    Range range;
    for (const auto& panel : panels) {
        for (const auto& curve : panel.curves) {
            for (const auto& [x, y] : curve.points) {
                range.include(vertical ? y : x);
            }
            for (size_t i = 0; vertical && with_bands && i < curve.band.size(); ++i) {
                range.include(curve.band[i].first);
                range.include(curve.band[i].second);
            }
        }
    }
    return range;
}

/// Whether the axis shows what an accuracy can be. Bands may leave that: they are cut off.
bool shows_accuracy(const std::vector<Panel>& panels, const std::string& key) {
    const auto curves = range_of(panels, true, /*with_bands=*/false);
    return key.find("accuracy") != std::string::npos && curves.low >= 0 && curves.high <= 1;
}

std::string vertical_axis(const std::vector<Panel>& panels, const std::string& key) {
    if (shows_accuracy(panels, key)) {
        return "set yrange [-0.02:1.02]\nset ytics 0,0.2,1\n";
    }
    return fmt::format("set yrange {}\n", range_of(panels, true).padded(0.05));
}

std::string horizontal_axis(const Panel& panel) {
    const auto range = range_of({panel}, false);
    // Few epochs: a tic each, where gnuplot would put tics at half epochs too.
    const bool few = range.high - range.low <= 10 && range.low == std::floor(range.low) &&
                     range.high == std::floor(range.high);
    return fmt::format("set xrange {}\nset xtics {}\n", range.padded(0.03), few ? "1" : "autofreq");
}

std::string data_blocks(const std::vector<Panel>& panels, const std::string& key) {
    // gnuplot fills beyond the axes what leaves them.
    const bool cut = shows_accuracy(panels, key);
    const auto within = [&](double y) { return cut ? std::clamp(y, -0.02, 1.02) : y; };
    std::string text;
    for (size_t p = 0; p < panels.size(); ++p) {
        for (size_t c = 0; c < panels[p].curves.size(); ++c) {
            text += fmt::format("$panel{}curve{} << END\n", p, c);
            const auto& curve = panels[p].curves[c];
            for (size_t i = 0; i < curve.points.size(); ++i) {
                const auto& [x, y] = curve.points[i];
                text += fmt::format("{} {}", x, y);
                text += curve.band.empty() ? "\n"
                                           : fmt::format(" {} {}\n", within(curve.band[i].first),
                                                         within(curve.band[i].second));
            }
            text += "END\n";
        }
    }
    return text;
}

const char* colour_of(size_t number) {
    return colours[number % std::size(colours)];
}

std::string line_styles(const std::vector<Entry>& legend) {
    constexpr size_t dashes = 4;
    std::string text;
    for (size_t i = 0; i < legend.size(); ++i) {
        const auto& [name, colour, dash] = legend[i];
        text += fmt::format(
            "set linetype {} linecolor rgb '{}' linewidth 1.8 pointtype {} pointsize 0.75 dashtype "
            "{}\n",
            i + 1, colour_of(colour), markers[i % std::size(markers)],
            1 + (colour / std::size(colours) + dash) % dashes);
    }
    return text;
}

std::string plot_command(const Panel& panel, size_t number, const std::vector<Entry>& legend,
                         bool with_legend) {
    std::vector<std::string> parts;
    const auto line_of = [&](const Curve& curve) {
        return std::ranges::find(legend, curve.name, &Entry::name) - legend.begin();
    };
    for (size_t c = 0; c < panel.curves.size(); ++c) {
        if (!panel.curves[c].band.empty()) {
            parts.push_back(
                fmt::format("$panel{}curve{} using 1:3:4 with filledcurves fillcolor rgb "
                            "'{}' fillstyle transparent solid 0.18 noborder notitle",
                            number, c, colour_of(legend[line_of(panel.curves[c])].colour)));
        }
    }
    for (size_t c = 0; c < panel.curves.size(); ++c) {
        const auto& curve = panel.curves[c];
        const auto line = line_of(curve) + 1;
        const auto interval = std::max<size_t>(
            1, curve.points.size() / 12);  // markers that do not run into one another
        parts.push_back(fmt::format(
            "$panel{}curve{} using 1:2 with linespoints linetype {} pointinterval {} notitle",
            number, c, line, interval));
    }
    for (size_t i = 0; with_legend && i < legend.size(); ++i) {
        parts.push_back(fmt::format("keyentry with linespoints linetype {} title {}", i + 1,
                                    quote(legend[i].name)));
    }
    return fmt::format("plot {}\n", fmt::join(parts, ", \\\n  "));
}

}  // namespace

std::string gnuplot_program(const std::vector<Panel>& panels, const FigureOptions& options,
                            Format format) {
    const auto legend = legend_of(panels);
    size_t longest = 0;
    for (const auto& entry : legend) {
        longest = std::max(longest, characters(entry.name));
    }
    const bool with_legend = legend.size() > 1;
    const auto columns = std::min(panels.size(), most_across),
               rows = (panels.size() + columns - 1) / columns;
    const double row_gap = bottom + 34;
    const double top = 34 + (options.title.empty() ? 0 : 26);
    const double right = with_legend ? 62 + character * static_cast<double>(longest) : 16;
    const double plots_end =
        left + static_cast<double>(columns) * (panel_width + panel_gap) - panel_gap;
    const double plots_top =
        bottom + static_cast<double>(rows) * (panel_height + row_gap) - row_gap;
    const double width = plots_end + right;
    const double height = plots_top + top;

    auto text = terminal(format, width, height) + "set encoding utf8\n" +
                data_blocks(panels, options.y) + line_styles(legend);
    text +=
        "set grid linetype 1 linecolor rgb '#d8d8d8' linewidth 0.7 dashtype solid\nset border 3 "
        "linecolor rgb '#444444'\nset tics nomirror "
        "out scale 0.6\nset format '%g'\n";
    text += fmt::format(
        "set key at screen {:.6f},{:.6f} left top Left reverse vertical spacing 1.25 samplen 2.4 "
        "noautotitle\n",
        (plots_end + 8) / width, plots_top / height);
    text += vertical_axis(panels, options.y);
    text += fmt::format(
        "set multiplot layout {},{} margins {:.6f},{:.6f},{:.6f},{:.6f} spacing {:.6f},{:.6f}\n",
        rows, columns, left / width, plots_end / width, bottom / height, plots_top / height,
        panel_gap / width, row_gap / height);
    if (!options.title.empty()) {
        text += fmt::format("set label 1 {} at screen {:.6f},{:.6f} center font ',{}'\n",
                            quote(options.title), (left + plots_end) / 2 / width, 1 - 18 / height,
                            font_size + 2);
    }
    for (size_t p = 0; p < panels.size(); ++p) {
        text += fmt::format("set title {} offset 0,-0.4\nset xlabel {} offset 0,0.2\n",
                            quote(panels[p].series), quote(capitalised(options.x)));
        text += p % columns == 0 ? fmt::format("set ylabel {}\nset format y '%g'\n",
                                               quote(capitalised(options.y)))
                                 : "unset ylabel\nset format y ''\n";
        text += p == 1 ? "unset label 1\n" : "";
        text += horizontal_axis(panels[p]) +
                plot_command(panels[p], p, legend, with_legend && p + 1 == columns);
    }
    return text + "unset multiplot\n";
}

}  // namespace hfc::run
