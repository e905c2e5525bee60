#include "viewer/panels.h"

#include "viewer/colors.h"
#include "viewer/filter.h"
#include "viewer/panel_curves.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>

namespace hfc::viewer {
namespace {

std::string version_name(const std::string& full_name, double epoch) {
    if (!std::isfinite(epoch)) {
        return full_name;
    }
    char text[48];
    std::snprintf(text, sizeof text, ", epoch %g", epoch);
    return full_name + text;
}

int rank_of(const std::string& panel) {
    const auto quantity = panel.substr(0, panel.find(": "));
    if (quantity == "loss" || quantity == "accuracy") {
        return 0;
    }
    return quantity.ends_with("seconds") || quantity.ends_with("per_second") ? 2 : 1;
}

bool has_places(const Curve& curve, Axis axis) {
    const auto& x = curve.along(axis);
    return std::any_of(x.begin(), x.end(), [](double place) { return std::isfinite(place); });
}

/// The range that shows the curve: the whole line, and the parts of its band within half the line's
/// extent. With few runs, the intervals are wide and would make the lines look flat.
Range fitting_range(const PlotCurve& curve) {
    const auto& line = curve.y_range;
    const double room = (line.high - line.low) / 2;
    return {std::max(curve.band_range.low, line.low - room),
            std::min(curve.band_range.high, line.high + room)};
}

std::string joined(const std::string& first, const char* between, const std::string& second) {
    return first.empty() ? second : second.empty() ? first : first + between + second;
}

}  // namespace

bool PanelOrder::operator()(const std::string& left, const std::string& right) const {
    const int first = rank_of(left), second = rank_of(right);
    return first != second ? first < second : natural_less(left, right);
}

std::set<std::string> Panels::keys() const {
    std::set<std::string> keys;
    for (const auto& entry : entries_) {
        for (const auto* const run : entry.runs) {
            keys.insert(key(*run, entry.name));
        }
    }
    return keys;
}

void Panels::gather_values(const RunGroup& group, size_t number) {
    std::map<std::string, std::map<std::string, Entry, NaturalOrder>> found;
    for (const auto* const run : group.runs) {
        for (const auto& [quantity, curves] : run->panels()) {
            for (const auto& [name, curve] : curves) {
                auto& entry = found[quantity][name];
                entry.quantity = quantity;
                entry.name = name;
                entry.runs.push_back(run);
                entry.curves.push_back(&curve);
            }
        }
    }
    for (auto& [quantity, entries] : found) {
        for (auto& [name, entry] : entries) {
            entry.group = number;
            entry.parsed = parse_series_name(name);
            entry.full_name = joined(group.label, " / ", name);
            entries_.push_back(std::move(entry));
        }
    }
}

void Panels::gather_whole_curves(const RunGroup& group, size_t number) {
    for (const auto* const run : group.runs) {
        for (const auto& [name, curves] : run->whole_curves()) {
            const bool taken = run->panels().contains(name);
            for (const auto& [series, versions] : curves.by_series) {
                Entry entry;
                entry.group = number;
                entry.quantity = taken ? name + " (curve)" : name;
                entry.name = series.empty() ? name : series;
                entry.parsed = parse_series_name(entry.name);
                entry.full_name =
                    joined(group.runs.size() > 1 ? run->name() : group.label, " / ", entry.name);
                entry.runs = {run};
                entry.versions = &versions;
                entry.x_name = curves.x_name;
                entries_.push_back(std::move(entry));
            }
        }
    }
}

void Panels::gather(const Groups& groups, const Choice& choice) {
    entries_.clear();
    for (size_t i = 0; i < groups.size(); ++i) {
        gather_values(groups[i], i);
        gather_whole_curves(groups[i], i);
    }
    std::vector<std::string> names;
    std::set<double> radii;
    for (const auto& entry : entries_) {
        names.push_back(entry.quantity + " " + entry.full_name);
        if (entry.parsed.has_radius()) {
            radii.insert(entry.parsed.radius);
        }
    }
    const auto matches = matching(names, choice.filter);
    for (size_t i = 0; i < entries_.size(); ++i) {
        entries_[i].matches = matches[i];
    }
    radii_.assign(radii.begin(), radii.end());
}

void Panels::style(const Entry& entry, const Choice& choice, ImU32& color, bool& dotted) {
    const auto& parsed = entry.parsed;
    dotted = parsed.has_radius() && parsed.band == Band::high;
    if (parsed.has_radius() && entry.versions == nullptr) {
        const auto rank = std::lower_bound(radii_.begin(), radii_.end(), parsed.radius);
        color =
            color_of_radius(static_cast<size_t>(rank - radii_.begin()), radii_.size(), choice.dark);
        return;
    }
    // The series determines the hue, and the probe ("natural: test") determines the shade. They are
    // assigned in order of first appearance and stay the same while the window is open.
    const bool has_series = !parsed.series.empty();
    const auto series = key(*entry.runs.front(), has_series ? parsed.series : entry.name),
               probe = has_series ? parsed.quantity : std::string();
    const auto hue = hues_.emplace(series, hues_.size()).first->second,
               shade = shades_.emplace(probe, shades_.size()).first->second;
    color = shade_of(color_of(hue, choice.dark), shade, choice.dark);
}

void Panels::make_legend(const Groups& groups, const Choice& choice) {
    legend_.assign(groups.size(), {});
    std::vector<std::map<std::string, LegendEntry, NaturalOrder>> lines(groups.size());
    for (const auto& entry : entries_) {
        auto& of_group = lines[entry.group];
        const bool is_new = !of_group.contains(entry.name);
        auto& line = of_group[entry.name];
        line.matches = (line.matches && !is_new) || entry.matches;
        if (is_new) {
            line.name = entry.name;
            style(entry, choice, line.color, line.dotted);
        }
        for (const auto* const run : entry.runs) {
            const auto own = key(*run, entry.name);
            if (std::find(line.keys.begin(), line.keys.end(), own) == line.keys.end()) {
                line.keys.push_back(own);
            }
        }
    }
    for (size_t i = 0; i < groups.size(); ++i) {
        for (auto& [name, line] : lines[i]) {
            legend_[i].push_back(std::move(line));
        }
    }
}

void Panels::prepare(const Groups& groups, const Choice& choice, bool changed) {
    if (prepared_ && !changed && choice == prepared_for_) {
        return;
    }
    panels_.clear();
    known_.clear();
    last_epoch_ = 0;
    gather(groups, choice);
    make_legend(groups, choice);
    std::map<std::string, std::vector<const Entry*>> quantities;
    for (const auto& entry : entries_) {
        quantities[entry.quantity].push_back(&entry);
    }
    for (auto& [quantity, entries] : quantities) {
        add_quantity(quantity, entries, choice);
    }
    std::erase_if(views_, [&](const auto& view) { return !quantities.contains(view.first); });
    // A panel whose curves are all hidden stays. A panel in which no curve matches the typed text
    // is removed.
    if (!choice.filter.empty()) {
        std::erase_if(panels_, [&](const auto& panel) { return !known_.contains(panel.first); });
    }
    prepared_for_ = choice;
    prepared_ = true;
}

Panel& Panels::panel_of(const Entry& entry, Split split) {
    const auto& parsed = entry.parsed;
    // The group's label is the part of the full name before the curve's name.
    auto label = entry.full_name.substr(0, entry.full_name.size() - entry.name.size());
    label = label.ends_with(" / ") ? label.substr(0, label.size() - 3) : label;
    const auto part = split == Split::series   ? joined(label, " / ", parsed.series)
                      : split == Split::subset ? parsed.subset
                      : split == Split::curve  ? entry.full_name
                                               : std::string();
    const auto title = joined(entry.quantity, ": ", part == entry.quantity ? "" : part);
    auto& panel = panels_[title];
    if (entry.matches) {
        known_.insert(title);
    }
    return panel;
}

void Panels::add_quantity(const std::string& quantity, std::vector<const Entry*>& entries,
                          const Choice& choice) {
    auto split = choice.split;
    if (split == Split::automatic) {
        std::set<std::pair<size_t, std::string>> series;
        for (const auto* const entry : entries) {
            series.emplace(entry->group, entry->parsed.series);
        }
        const bool many = entries.size() > most_in_one_panel && series.size() > 1;
        split = many ? Split::series : Split::one;
    }
    auto& view = views_[quantity];
    view = view == nullptr ? std::make_shared<PlotView>() : view;
    view->all_x = view->all_y = PlotCurve::nowhere;
    Axis axis = choice.axis;
    for (const auto wanted : {Axis::time, Axis::step, Axis::epoch, choice.axis}) {
        for (const auto* const entry : entries) {
            for (const auto* const curve : entry->curves) {
                axis = has_places(*curve, wanted) ? wanted : axis;
            }
        }
    }
    for (const auto* const entry : entries) {
        auto& panel = panel_of(*entry, split);
        panel.quantity = quantity;
        panel.view = view;
        entry->versions == nullptr ? add_values(*entry, axis, choice, panel)
                                   : add_versions(*entry, choice, panel);
        for (auto& curve : panel.curves) {
            const bool by_series = split == Split::series && !entry->parsed.series.empty();
            if (curve.label.empty() && split != Split::curve && !curve.faint) {
                curve.label = by_series                    ? entry->parsed.quantity
                              : entry->versions == nullptr ? entry->full_name
                                                           : curve.name;
            }
            const Range &x = curve.x_range, y = fitting_range(curve);
            view->all_x = {std::min(view->all_x.low, x.low), std::max(view->all_x.high, x.high)};
            view->all_y = {std::min(view->all_y.low, y.low), std::max(view->all_y.high, y.high)};
        }
    }
    for (auto& [title, panel] : panels_) {
        if (panel.quantity == quantity && panel.curves.size() == 1) {
            panel.curves[0].label.clear();  // a single curve needs no label
        }
    }
}

void Panels::add_values(const Entry& entry, Axis axis, const Choice& choice, Panel& panel) {
    constexpr std::array<const char*, 3> axis_names = {"epoch", "step", "seconds"};
    panel.x_name = axis_names[static_cast<size_t>(axis)];
    std::vector<const Curve*> shown;
    std::vector<std::string> keys;
    for (size_t i = 0; i < entry.runs.size(); ++i) {
        const auto own = key(*entry.runs[i], entry.name);
        if (!choice.hidden.contains(own)) {
            shown.push_back(entry.curves[i]);
            keys.push_back(own);
        }
    }
    if (shown.empty() || !entry.matches) {
        return;
    }
    auto curve = shown.size() == 1
                     ? prepare_curve(shown[0]->along(axis), shown[0]->y, choice.smoothing, choice)
                     : prepare_repeats(shown, axis, choice);
    curve.name = entry.full_name;
    if (shown.size() > 1) {
        curve.name += " (mean of " + std::to_string(shown.size()) + " runs)";
    }
    curve.keys = std::move(keys);
    style(entry, choice, curve.color, curve.dotted);
    panel.curves.push_back(std::move(curve));
}

/// Adds the last version up to the chosen epoch in its full colour, and a few earlier versions,
/// always including the first one. The earlier a version is, the fainter it is drawn.
void Panels::add_versions(const Entry& entry, const Choice& choice, Panel& panel) {
    constexpr size_t most_earlier = 4;
    panel.x_name = entry.x_name;
    std::vector<const Version*> shown;
    for (const auto& version : *entry.versions) {
        if (choice.epoch < 0 || !(version.epoch > choice.epoch)) {
            shown.push_back(&version);
        }
        last_epoch_ = entry.versions->size() > 1 && version.epoch < 1e9
                          ? std::max(last_epoch_, static_cast<int>(version.epoch))
                          : last_epoch_;
    }
    const auto own = key(*entry.runs.front(), entry.name);
    if (shown.empty() || !entry.matches || choice.hidden.contains(own)) {
        return;
    }
    ImU32 color = 0;
    bool dotted = false;
    style(entry, choice, color, dotted);
    const size_t earlier = shown.size() - 1, count = std::min(earlier, most_earlier);
    for (size_t i = 0; i <= count; ++i) {
        const auto& version = *shown[i == count ? earlier : i * earlier / count];
        panel.curves.push_back(prepare_curve(version.x, version.y, 0, choice));
        auto& curve = panel.curves.back();
        curve.name = version_name(entry.full_name, version.epoch);
        curve.keys = {own};
        curve.dotted = dotted;
        const auto opacity = i == count ? 255U : static_cast<unsigned>(30 + 70 * i / count);
        curve.faint = i < count;
        curve.color = (color & ~IM_COL32_A_MASK) | opacity << IM_COL32_A_SHIFT;
    }
}

void Panels::show_all() {
    for (auto& [quantity, view] : views_) {
        view->fitted = true;
    }
}

std::string file_stem(const std::string& panel) {
    std::string stem = panel;
    std::replace_if(
        stem.begin(), stem.end(),
        [](unsigned char c) { return std::isalnum(c) == 0 && c != '-' && c != '.'; }, '_');
    return stem.empty() || stem[0] == '.' ? "panel" + stem : stem;
}

}  // namespace hfc::viewer
