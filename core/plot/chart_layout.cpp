#include "plot/chart_layout.h"

#include "base/error.h"
#include "plot/chart_axes.h"
#include "plot/gnuplot_text.h"

#include <algorithm>
#include <cmath>

namespace hfc::plot {
namespace {

constexpr double points_a_mm = 72 / 25.4;
constexpr double height_to_width = 0.725;

bool has_maps(const Chart& chart) {
    return std::ranges::any_of(chart.panels,
                               [](const Panel& panel) { return panel.map.has_value(); });
}

/// The height that rotated category names take up below the axis.
double below(const Chart& chart, double panel_width, double font) {
    size_t longest = 0;
    for (const auto& panel : chart.panels) {
        if (are_wide(panel.x, panel_width / character_width(font))) {
            for (const auto& name : panel.x.categories) {
                longest = std::max(longest, characters(name));
            }
        }
    }
    constexpr double sine = 0.64;  // sine of 40 degrees
    return sine * character_width(font) * static_cast<double>(longest);
}

size_t longest_name(const std::vector<Entry>& legend) {
    size_t longest = 0;
    for (const auto& entry : legend) {
        longest = std::max(longest, characters(entry.name));
    }
    return longest;
}

}  // namespace

std::vector<Entry> legend_of(const Chart& chart) {
    std::vector<Entry> legend;
    std::vector<std::string> known;
    for (const auto& panel : chart.panels) {
        for (const auto& curve : panel.curves) {
            if (std::ranges::find(legend, curve.name, &Entry::name) != legend.end()) {
                continue;
            }
            const auto& name = curve.colour.empty() ? curve.name : curve.colour;
            const auto found = std::ranges::find(known, name) - known.begin();
            if (found == std::ssize(known)) {
                known.push_back(name);
            }
            legend.push_back({curve.name, static_cast<size_t>(found), curve.dash, curve.kind});
        }
    }
    return legend;
}

double ChartLayout::plots_width() const {
    return static_cast<double>(across) * (panel_width + gap_across) - gap_across;
}

double ChartLayout::plots_height() const {
    return static_cast<double>(down) * (panel_height + gap_down) - gap_down;
}

ChartLayout layout_of(const Chart& chart, const std::vector<Entry>& legend) {
    ChartLayout layout = {};
    const bool print = chart.width > 0;
    const double font = chart.font_size > 0 ? chart.font_size : print ? 8 : font_size;
    layout.font = font;
    layout.across = std::min(chart.panels.size(), chart.across);
    layout.down = (chart.panels.size() + layout.across - 1) / layout.across;
    layout.left = 5.5 * font;
    layout.top = (chart.title.empty() ? 2.6 : 4.6) * font;
    layout.bar = has_maps(chart) ? 7 * font : 0;
    layout.gap_across = (chart.one_vertical_axis ? 1.7 * font : layout.left) + layout.bar;
    const auto panels = static_cast<double>(layout.across);
    const double entry =
        4.5 * font + character_width(font) * static_cast<double>(longest_name(legend));
    const auto named = static_cast<double>(
        std::ranges::count_if(legend, [](const Entry& one) { return !one.name.empty(); }));
    const bool shown = legend.size() > 1 && named > 0;
    // The legend has as many rows as fit next to the panels. The panels' height depends on their
    // width, which depends on the number of columns in the legend.
    for (double columns = shown ? 1 : 0;; ++columns) {
        layout.right = 1.2 * font + layout.bar + columns * entry;
        const double room = chart.width * points_a_mm - layout.left - layout.right -
                            layout.gap_across * (panels - 1);
        layout.panel_width = print ? room / panels : 400;
        require(layout.panel_width >= 5 * font,
                "a width of {} mm leaves no room for {} panels with a font of {} points and this "
                "legend: use a larger width or a smaller font_size",
                chart.width, layout.across, font);
        layout.panel_height = height_to_width * layout.panel_width;
        layout.bottom = 4.5 * font + below(chart, layout.panel_width, font);
        layout.gap_down = layout.bottom + 2.6 * font;
        const double room_down = layout.plots_height() + 0.7 * layout.bottom;
        layout.legend_rows = std::max<size_t>(1, static_cast<size_t>(room_down / (1.9 * font)));
        if (columns * static_cast<double>(layout.legend_rows) >= (shown ? named : 0)) {
            return layout;
        }
    }
}

}  // namespace hfc::plot
