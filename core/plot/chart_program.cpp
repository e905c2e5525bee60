// Writes the gnuplot program that draws a chart.
#include "base/error.h"
#include "plot/chart.h"
#include "plot/chart_axes.h"
#include "plot/chart_layout.h"
#include "plot/gnuplot_text.h"
#include "plot/palette.h"

#include <algorithm>
#include <cmath>
#include <iterator>

namespace hfc::plot {
namespace {

constexpr int markers[] = {7, 5, 9, 11, 13,
                           6, 4, 8, 10, 12};  // filled and open circle, square, triangles, diamond

std::string hexadecimal(uint32_t colour) {
    return fmt::format("#{:06X}", colour);
}

std::string colour_of(size_t number) {
    return hexadecimal(distinct_colours[number % distinct_colours.size()]);
}

/// The colours for the values of maps.
std::string palette() {
    std::string text = "set palette defined (";
    for (size_t i = 0; i < sequential_colours.size(); ++i) {
        text += fmt::format("{}{} '{}'", i == 0 ? "" : ", ", i, hexadecimal(sequential_colours[i]));
    }
    return text + ")\n";
}

/// A panel and its number in the chart, which is part of the names of its data blocks.
struct Numbered {
    const Panel& panel;
    size_t number;

    std::string block(size_t curve) const { return fmt::format("$panel{}curve{}", number, curve); }
};

/// Whether the axis can show the value. Points that cannot be shown are left out.
bool shows(const Axis& axis, double value) {
    return std::isfinite(value) && (!axis.log || value > 0);
}

std::string data_block(const Numbered& at, size_t number) {
    const auto& curve = at.panel.curves[number];
    // gnuplot does not cut off filled bands at the axes, so they are clamped here.
    const auto within = [&](double y) { return at.panel.y.unit ? std::clamp(y, -0.02, 1.02) : y; };
    auto text = at.block(number) + " << END\n";
    bool broken = true;
    for (size_t i = 0; i < curve.points.size(); ++i) {
        const auto& [x, y] = curve.points[i];
        const bool back = i > 0 && curve.kind == Kind::line && x < curve.points[i - 1].first;
        const bool shown = shows(at.panel.x, x) && shows(at.panel.y, y);
        if ((back || !shown) && !broken) {
            text += "\n";
            broken = true;
        }
        if (!shown) {
            continue;
        }
        text += fmt::format("{} {}", x, y);
        text += curve.band.empty() ? "\n"
                                   : fmt::format(" {} {}\n", within(curve.band[i].first),
                                                 within(curve.band[i].second));
        broken = false;
    }
    return text + "END\n";
}

/// The values of a map, with "NaN" for cells that stay white.
std::string map_block(const ColourMap& map, size_t number) {
    auto text = fmt::format("$map{} << END\n", number);
    for (size_t i = 0; i < map.values.size(); ++i) {
        text += std::isfinite(map.values[i]) ? fmt::format("{}", map.values[i]) : "NaN";
        text += (i + 1) % map.columns == 0 ? "\n" : " ";
    }
    return text + "END\n";
}

std::string line_styles(const std::vector<Entry>& legend, double scale) {
    constexpr size_t dashes = 4;
    std::string text;
    for (size_t i = 0; i < legend.size(); ++i) {
        const auto& [name, colour, dash, kind] = legend[i];
        text += fmt::format(
            "set linetype {} linecolor rgb '{}' linewidth {:.4g} pointtype {} pointsize {:.4g} "
            "dashtype {}\n",
            i + 1, colour_of(colour), 1.8 * scale, markers[i % std::size(markers)], 0.75 * scale,
            1 + (colour / distinct_colours.size() + dash) % dashes);
    }
    return text;
}

/// Draws the curves of one panel.
class Plotter {
  public:
    Plotter(const Numbered& at, const std::vector<Entry>& legend, double scale)
        : at_(at), legend_(legend), scale_(scale) {
        for (const auto& curve : at.panel.curves) {
            bars_ += curve.kind == Kind::bars ? 1 : 0;
        }
    }

    std::string command(bool with_legend) {
        if (at_.panel.map) {
            add_map(*at_.panel.map);
        }
        for (size_t c = 0; c < at_.panel.curves.size(); ++c) {
            if (!at_.panel.curves[c].band.empty() && at_.panel.curves[c].kind == Kind::line) {
                add("{} using 1:3:4 with filledcurves fillcolor rgb '{}' fillstyle transparent "
                    "solid 0.18 noborder notitle",
                    at_.block(c), colour(c));
            }
        }
        size_t bar = 0;
        for (size_t c = 0; c < at_.panel.curves.size(); ++c) {
            if (at_.panel.curves[c].kind == Kind::bars) {
                add_bars(c, bar++);
            } else {
                add_points(c);
            }
        }
        for (size_t i = 0; with_legend && i < legend_.size(); ++i) {
            add_entry(i);
        }
        if (parts_.empty()) {
            add("NaN notitle");
        }
        return fmt::format("plot {}\n", fmt::join(parts_, ", \\\n  "));
    }

  private:
    template <typename... Values>
    void add(fmt::format_string<Values...> format, Values&&... values) {
        parts_.push_back(fmt::format(format, std::forward<Values>(values)...));
    }

    size_t line_of(size_t curve) const {
        const auto& name = at_.panel.curves[curve].name;
        return static_cast<size_t>(std::ranges::find(legend_, name, &Entry::name) -
                                   legend_.begin());
    }

    std::string colour(size_t curve) const { return colour_of(legend_[line_of(curve)].colour); }

    void add_points(size_t c) {
        const auto& curve = at_.panel.curves[c];
        const auto line = line_of(c) + 1;
        if (curve.kind == Kind::points) {
            if (!curve.band.empty()) {
                add("{} using 1:3:(0):($4-$3) with vectors nohead linetype {} dashtype 1 linewidth "
                    "{:.4g} notitle",
                    at_.block(c), line, scale_);
            }
            add("{} using 1:2 with points linetype {} notitle", at_.block(c), line);
            return;
        }
        // Only some points have markers, so that the markers do not overlap.
        add("{} using 1:2 with linespoints linetype {} pointinterval {} notitle", at_.block(c),
            line, std::max<size_t>(1, curve.points.size() / 12));
    }

    /// The bars of several curves are drawn side by side.
    void add_bars(size_t c, size_t number) {
        const auto& curve = at_.panel.curves[c];
        double step = 1;
        for (size_t i = 1; i < curve.points.size(); ++i) {
            const double distance = std::abs(curve.points[i].first - curve.points[i - 1].first);
            step = i == 1 || (distance > 0 && distance < step) ? distance : step;
        }
        const double share = at_.panel.x.categories.empty() && bars_ == 1 ? 1 : 0.8;
        const double width = share * step / static_cast<double>(bars_);
        const double shift =
            width * (static_cast<double>(number) - (static_cast<double>(bars_) - 1) / 2);
        add("{} using ($1+{:.9g}):2:({:.9g}) with boxes fillcolor rgb '{}' fillstyle solid 0.75 "
            "border linecolor rgb '#ffffff' linewidth {:.4g} notitle",
            at_.block(c), shift, width, colour(c), 0.6 * scale_);
        if (!curve.band.empty()) {
            add("{} using ($1+{:.9g}):3:(0):($4-$3) with vectors nohead linecolor rgb '#000000' "
                "linewidth {:.4g} dashtype 1 notitle",
                at_.block(c), shift, scale_);
        }
    }

    void add_map(const ColourMap& map) {
        const auto place = [](std::pair<double, double> middles, size_t count, const char* cell) {
            const auto [first, last] = middles;
            const double step =
                first == last || count < 2 ? 1 : (last - first) / static_cast<double>(count - 1);
            return fmt::format("({:.9g}+{}*{:.9g})", first == last ? 0 : first, cell, step);
        };
        add("$map{} matrix using {}:{}:3 with image notitle", at_.number,
            place(map.x, map.columns, "$1"), place(map.y, map.rows(), "$2"));
    }

    void add_entry(size_t i) {
        const auto& entry = legend_[i];
        if (entry.name.empty()) {
            return;
        }
        const auto title = quote(entry.name);
        if (entry.kind == Kind::bars) {
            add("keyentry with boxes fillcolor rgb '{}' fillstyle solid 0.75 noborder title {}",
                colour_of(entry.colour), title);
        } else {
            add("keyentry with {} linetype {} title {}",
                entry.kind == Kind::line ? "linespoints" : "points", i + 1, title);
        }
    }

    Numbered at_;
    const std::vector<Entry>& legend_;
    double scale_;
    size_t bars_ = 0;
    std::vector<std::string> parts_;
};

std::string notes_of(const Panel& panel, double scale) {
    std::string text;
    for (size_t i = 0; i < panel.notes.size(); ++i) {
        const auto& note = panel.notes[i];
        text += fmt::format(
            "set label {} {} at first {:.17g},{:.17g} left offset 0.6,0.5 front point pointtype 7 "
            "pointsize {:.4g} linecolor rgb '#444444'\n",
            i + 2, quote(note.text), note.x, note.y, 0.4 * scale);
    }
    return text;
}

/// Puts the colour bar of a map to the right of its panel.
std::string colour_bar(const ChartLayout& layout, const ColourMap& map, size_t number) {
    const auto column = static_cast<double>(number % layout.across);
    const auto row = static_cast<double>(layout.down - 1 - number / layout.across);
    const double x = layout.left + column * (layout.panel_width + layout.gap_across) +
                     layout.panel_width + 0.7 * layout.font;
    const double y = layout.bottom + row * (layout.panel_height + layout.gap_down);
    auto text = fmt::format(
        "set colorbox user origin screen {:.6f},{:.6f} size screen {:.6f},{:.6f}\nset cblabel {}\n",
        x / layout.width(), y / layout.height(), 0.9 * layout.font / layout.width(),
        layout.panel_height / layout.height(), quote(map.name));
    text += map.range ? fmt::format("set cbrange [{:.17g}:{:.17g}]\n", map.range->first,
                                    map.range->second)
                      : "set cbrange [*:*]\n";
    return text;
}

std::string head(const Chart& chart, const ChartLayout& layout, Format format,
                 const std::vector<Entry>& legend) {
    const double scale = layout.font / font_size;
    auto text = terminal(format, {layout.width(), layout.height(), layout.font, chart.width > 0}) +
                "set encoding utf8\n";
    for (size_t p = 0; p < chart.panels.size(); ++p) {
        const Numbered at{chart.panels[p], p};
        for (size_t c = 0; c < at.panel.curves.size(); ++c) {
            text += data_block(at, c);
        }
        text += at.panel.map ? map_block(*at.panel.map, p) : "";
    }
    text += line_styles(legend, scale) + palette();
    text += fmt::format(
        "set grid linetype 1 linecolor rgb '#d8d8d8' linewidth {:.4g} dashtype solid\n"
        "set border 3 linecolor rgb '#444444' linewidth {:.4g}\nset tics nomirror out scale 0.6\n"
        "unset mxtics\nunset mytics\n",
        0.7 * scale, scale);
    text += fmt::format(
        "set key at screen {:.6f},{:.6f} left top Left reverse vertical maxrows {} spacing 1.25 "
        "samplen 2.4 noautotitle\n",
        (layout.width() - layout.right + 0.6 * layout.font + layout.bar) / layout.width(),
        (layout.bottom + layout.plots_height()) / layout.height(), layout.legend_rows);
    text += fmt::format(
        "set multiplot layout {},{} margins {:.6f},{:.6f},{:.6f},{:.6f} spacing {:.6f},{:.6f}\n",
        layout.down, layout.across, layout.left / layout.width(),
        (layout.left + layout.plots_width()) / layout.width(), layout.bottom / layout.height(),
        (layout.bottom + layout.plots_height()) / layout.height(),
        layout.gap_across / layout.width(), layout.gap_down / layout.height());
    if (!chart.title.empty()) {
        text += fmt::format("set label 1 {} at screen {:.6f},{:.6f} center font ',{:.6g}'\n",
                            quote(chart.title),
                            (layout.left + layout.plots_width() / 2) / layout.width(),
                            1 - 1.4 * layout.font / layout.height(), layout.font + 2);
    }
    return text;
}

}  // namespace

void require_valid(const Chart& chart) {
    require(!chart.panels.empty(), "a figure must have at least one panel");
    require(chart.width >= 0 && chart.width <= 2000, "width must be 0 to 2000 mm, got {}",
            chart.width);
    require(chart.across >= 1, "a row of a figure must have at least one panel");
    require(chart.font_size >= 0 && chart.font_size <= 100,
            "font_size must be 0 to 100 points, got {}", chart.font_size);
    for (const auto& panel : chart.panels) {
        for (const auto& curve : panel.curves) {
            require(curve.band.empty() || curve.band.size() == curve.points.size(),
                    "curve '{}' has {} points, but {} intervals", curve.name, curve.points.size(),
                    curve.band.size());
        }
        for (const auto* axis : {&panel.x, &panel.y}) {
            require(!axis->range || (axis->range->first < axis->range->second &&
                                     (!axis->log || axis->range->first > 0)),
                    "the range of an axis must be two ascending numbers{}, got {} to {}",
                    axis->log ? " above 0 (the axis is logarithmic)" : "",
                    axis->range ? axis->range->first : 0, axis->range ? axis->range->second : 0);
        }
        const bool nothing = panel.curves.empty() && !panel.map;
        require(nothing || !panel.x.log || !horizontal_range(panel).empty(),
                "a logarithmic axis requires values above 0, but x has none");
        require(panel.curves.empty() || !panel.y.log || !vertical_range({&panel, 1}).empty(),
                "a logarithmic axis requires values above 0, but y has none");
        require(!panel.map || (panel.map->columns > 0 && !panel.map->values.empty() &&
                               panel.map->values.size() % panel.map->columns == 0),
                "a map must have at least one value and the same number of values in each row");
    }
}

std::string gnuplot_program(const Chart& chart, Format format) {
    require_valid(chart);
    const auto legend = legend_of(chart);
    const auto layout = layout_of(chart, legend);
    const double scale = layout.font / font_size;
    const auto all = vertical_range(chart.panels);
    auto text = head(chart, layout, format, legend);
    for (size_t p = 0; p < chart.panels.size(); ++p) {
        const auto& panel = chart.panels[p];
        text += fmt::format("set title {} offset 0,-0.4\nset xlabel {} offset 0,0.2\n",
                            quote(panel.title), quote(panel.x.name));
        text += notes_of(panel, scale);
        text += axis_commands('x', panel.x, horizontal_range(panel),
                              layout.panel_width / character_width(layout.font));
        text +=
            axis_commands('y', panel.y, chart.one_vertical_axis ? all : vertical_range({&panel, 1}),
                          layout.panel_height / (2.1 * layout.font), panel.map.has_value());
        const bool shown = !chart.one_vertical_axis || p % layout.across == 0;
        text += shown ? fmt::format("set ylabel {}\n", quote(panel.y.name))
                      : "unset ylabel\nset format y ''\n";
        text += panel.map ? colour_bar(layout, *panel.map, p) : "";
        const bool with_legend = legend.size() > 1 && p + 1 == layout.across;
        text += Plotter({panel, p}, legend, scale).command(with_legend);
        text += p == 0 ? "unset label 1\n" : "";
        for (size_t i = 0; i < panel.notes.size(); ++i) {
            text += fmt::format("unset label {}\n", i + 2);
        }
    }
    return text + "unset multiplot\n";
}

}  // namespace hfc::plot
