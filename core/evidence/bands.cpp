#include "evidence/bands.h"

#include "base/error.h"
#include "base/file_name.h"
#include "evidence/json.h"
#include "evidence/statistics.h"
#include "run/whole_curve.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <optional>
#include <set>

namespace hfc::evidence {
namespace {

/// Keys of events that are not results: positions on an axis, and times, which differ between runs.
const std::set<std::string> no_result = {"epoch",         "step",
                                         "time",          "series",
                                         "train_seconds", "probe_seconds",
                                         "epoch_seconds", "images_per_second",
                                         "image",         "rows",
                                         "columns",       "height",
                                         "width",         "lr",
                                         "milliseconds"};

struct Keys {
    std::vector<std::pair<std::string, std::string>> numbers;  ///< (x, y)
    std::vector<std::string> whole_curves;
};

template <typename T>
void add_once(std::vector<T>& list, const T& value) {
    if (std::ranges::find(list, value) == list.end()) {
        list.push_back(value);
    }
}

bool is_result(const std::string& key, const Json& value) {
    return !no_result.contains(key) &&
           (value.is_number() ||
            (value.is_object() &&
             std::ranges::any_of(value, [](const Json& v) { return v.is_number(); })));
}

void add_keys(const Json& event, Keys& keys) {
    if (run::is_whole_curve(event)) {
        add_once(keys.whole_curves, event.at("curve").get<std::string>());
        return;
    }
    const bool has_epoch = event.contains("epoch");
    if (event.contains("image") || (!has_epoch && !event.contains("step"))) {
        return;
    }
    for (const auto& [key, value] : event.items()) {
        if (is_result(key, value)) {
            add_once(keys.numbers, {has_epoch ? "epoch" : "step", key});
        }
    }
}

/// The panels of one run; empty if it has no such panels.
std::vector<plot::Panel> panels_of(const RunCurves& curves, const run::FigureOptions& options) {
    try {
        return run::make_panels(curves.events, options);
    } catch (const Error&) {
        return {};
    }
}

/// The values of a curve at each x in all runs, and how the curve is drawn.
struct Values {
    std::map<double, std::vector<double>> at;
    std::string colour = {};
    size_t dash = 0;
};

struct Gathered {
    std::vector<std::pair<std::string, std::vector<std::pair<std::string, Values>>>> panels;

    Values& at(const std::string& panel, const std::string& curve) {
        const auto find_in = [](auto& list, const std::string& name) -> auto& {
            for (auto& [known, value] : list) {
                if (known == name) {
                    return value;
                }
            }
            list.emplace_back();
            list.back().first = name;
            return list.back().second;
        };
        return find_in(find_in(panels, panel), curve);
    }
};

std::string joined_name(const std::string& name, const std::string& label) {
    return label.empty() ? name : name.empty() ? label : name + ", " + label;
}

void gather(const RunCurves& run, const run::FigureOptions& options, Labels labels, size_t dash,
            Gathered& gathered) {
    for (const auto& panel : panels_of(run, options)) {
        const bool in_panels = labels == Labels::panels;
        const auto panel_name = in_panels ? joined_name(panel.title, run.label) : panel.title;
        for (const auto& curve : panel.curves) {
            const auto name = in_panels ? curve.name : joined_name(curve.name, run.label);
            std::map<double, double> last;  // a repeated x counts once
            for (const auto& [x, y] : curve.points) {
                if (std::isfinite(y)) {
                    last[x] = y;
                }
            }
            auto& values = gathered.at(panel_name, name);
            for (const auto& [x, y] : last) {
                values.at[x].push_back(y);
            }
            // Overlaid: one colour per quantity and one dash pattern per label.
            values.colour = in_panels ? "" : curve.name;
            values.dash = in_panels ? 0 : dash;
        }
    }
}

plot::Curve curve_of(const std::string& name, const Values& values) {
    plot::Curve curve{
        .name = name, .points = {}, .band = {}, .colour = values.colour, .dash = values.dash};
    for (const auto& [x, numbers] : values.at) {
        const auto interval = mean_interval(numbers);
        curve.points.emplace_back(x, interval.mean);
        const bool has_band = interval.n > 1;
        curve.band.emplace_back(has_band ? interval.low : interval.mean,
                                has_band ? interval.high : interval.mean);
    }
    if (std::ranges::all_of(values.at, [](const auto& one) { return one.second.size() < 2; })) {
        curve.band.clear();
    }
    return curve;
}

/// More panels would be hard to tell apart and slow to draw.
constexpr size_t most_panels = 24;

std::optional<BandFigure> figure_of(const std::vector<RunCurves>& runs,
                                    const run::FigureOptions& options, const std::string& name,
                                    Labels labels) {
    Gathered gathered;
    std::vector<std::string> known;
    for (const auto& run : runs) {
        add_once(known, run.label);
        const auto label = std::ranges::find(known, run.label) - known.begin();
        gather(run, options, labels, static_cast<size_t>(label), gathered);
    }
    BandFigure figure{.name = file_name_of(name), .options = options, .panels = {}};
    figure.options.panels.clear();
    for (const auto& [panel, curves] : gathered.panels) {
        if (figure.panels.size() == most_panels) {
            break;
        }
        figure.panels.push_back({panel, {}});
        for (const auto& [curve, values] : curves) {
            figure.panels.back().curves.push_back(curve_of(curve, values));
        }
    }
    return figure.panels.empty() ? std::nullopt : std::optional(figure);
}

}  // namespace

std::vector<BandFigure> band_figures(const std::vector<RunCurves>& runs, Labels labels) {
    Keys keys;
    for (const auto& run : runs) {
        run.events([&](const Json& event) { add_keys(event, keys); });
    }
    std::vector<BandFigure> figures;
    const auto add = [&](const run::FigureOptions& options, const std::string& name) {
        if (auto figure = figure_of(runs, options, name, labels)) {
            figures.push_back(std::move(*figure));
        }
    };
    for (const auto& [x, y] : keys.numbers) {
        run::FigureOptions options;
        options.x = x;
        options.y = y;
        add(options, y);
    }
    for (const auto& curve : keys.whole_curves) {
        run::FigureOptions options;
        options.curves = {curve};
        options.x = "";
        options.y = curve;
        add(options, "curve " + curve);
    }
    return figures;
}

}  // namespace hfc::evidence
