#include "viewer/panels.h"

#include <algorithm>
#include <array>
#include <cmath>

namespace hfc::viewer {
namespace {

PlotCurve prepare_curve(const std::vector<double>& x, const std::vector<double>& y, float smoothing,
                        bool logarithmic) {
    PlotCurve result;
    result.x = &x;
    result.y = smoothing > 0 ? smooth(y, static_cast<double>(smoothing)) : y;
    if (logarithmic) {
        std::transform(result.y.begin(), result.y.end(), result.y.begin(),
                       [](double value) { return value > 0 ? std::log10(value) : NAN; });
    }
    for (size_t i = 0; i < result.y.size(); ++i) {
        const double at = x[i], value = result.y[i];
        if (std::isfinite(at) && std::isfinite(value)) {
            result.x_range = {std::min(result.x_range.low, at), std::max(result.x_range.high, at)};
            result.y_range = {std::min(result.y_range.low, value),
                              std::max(result.y_range.high, value)};
        }
    }
    return result;
}

std::string version_name(const std::string& full_name, double epoch) {
    if (!std::isfinite(epoch)) {
        return full_name;
    }
    char text[48];
    std::snprintf(text, sizeof text, ", epoch %g", epoch);
    return full_name + text;
}

/// The last one up to the epoch chosen in its full colour, and of those before it some, the first
/// one always, the fainter the earlier.
void add_versions(const std::vector<Version>& versions, const std::string& full_name, ImU32 color,
                  const Choice& choice, Panel& panel) {
    constexpr size_t most_earlier = 4;
    std::vector<const Version*> shown;
    for (const auto& version : versions) {
        if (choice.epoch < 0 || !(version.epoch > choice.epoch)) {
            shown.push_back(&version);
        }
    }
    if (shown.empty()) {
        return;
    }
    const size_t earlier = shown.size() - 1, count = std::min(earlier, most_earlier);
    for (size_t i = 0; i <= count; ++i) {
        const auto& version = *shown[i == count ? earlier : i * earlier / count];
        panel.curves.push_back(prepare_curve(version.x, version.y, 0, choice.logarithmic));
        auto& curve = panel.curves.back();
        curve.name = version_name(full_name, version.epoch);
        const auto opacity = i == count ? 255U : static_cast<unsigned>(30 + 70 * i / count);
        curve.faint = i < count;
        curve.color = (color & ~IM_COL32_A_MASK) | opacity << IM_COL32_A_SHIFT;
    }
}

int rank_of(const std::string& panel) {
    if (panel == "loss" || panel == "accuracy") {
        return 0;
    }
    return panel.ends_with("seconds") || panel.ends_with("per_second") ? 2 : 1;
}

/// The axis chosen, if any of the panel's values has a place on it; else the first one for which
/// that is so.
Axis axis_of(const Panels::Runs& runs, const std::string& panel, Axis chosen) {
    for (const auto axis : {chosen, Axis::epoch, Axis::step, Axis::time}) {
        for (const auto& run : runs) {
            const auto found = run->panels().find(panel);
            if (found == run->panels().end()) {
                continue;
            }
            for (const auto& [name, curve] : found->second) {
                const auto& x = curve.along(axis);
                if (std::any_of(x.begin(), x.end(),
                                [](double place) { return std::isfinite(place); })) {
                    return axis;
                }
            }
        }
    }
    return chosen;
}

}  // namespace

bool PanelOrder::operator()(const std::string& left, const std::string& right) const {
    const int first = rank_of(left), second = rank_of(right);
    return first != second ? first < second : left < right;
}

ImU32 Panels::color(const RunData& run, const std::string& curve, bool dark) {
    const auto cut = curve.rfind(": ");
    const auto series = key(run, curve.substr(0, cut)),
               probe = cut == std::string::npos ? "" : curve.substr(cut + 2);
    const auto hue = hues_.emplace(series, hues_.size()).first->second,
               shade = shades_.emplace(probe, shades_.size()).first->second;
    return shade_of(color_of(hue, dark), shade, dark);
}

void Panels::prepare(const Runs& runs, const Choice& choice, bool changed) {
    if (prepared_ && !changed && choice == prepared_for_) {
        return;
    }
    for (auto& [name, panel] : panels_) {
        panel.curves.clear();
        panel.whole = false;
    }
    std::set<std::string> known;
    prepare_values(runs, choice, known);
    prepare_whole_curves(runs, choice, known);
    // A panel whose curves are all hidden stays; one that no run has any more goes.
    std::erase_if(panels_, [&](const auto& entry) { return !known.contains(entry.first); });
    prepared_for_ = choice;
    prepared_ = true;
}

void Panels::prepare_values(const Runs& runs, const Choice& choice, std::set<std::string>& known) {
    constexpr std::array<const char*, 3> axis_names = {"epoch", "step", "seconds"};
    for (const auto& run : runs) {
        for (const auto& [name, curves] : run->panels()) {
            known.insert(name);
            auto& panel = panels_[name];
            const auto axis = axis_of(runs, name, choice.axis);
            panel.x_name = axis_names[static_cast<size_t>(axis)];
            for (const auto& [curve_name, curve] : curves) {
                const auto full = full_name(runs, *run, curve_name);
                const auto own_color = color(*run, curve_name, choice.dark);
                if (!choice.hidden.contains(key(*run, curve_name))) {
                    panel.curves.push_back(prepare_curve(curve.along(axis), curve.y,
                                                         choice.smoothing, choice.logarithmic));
                    panel.curves.back().name = full;
                    panel.curves.back().color = own_color;
                }
            }
        }
    }
}

void Panels::prepare_whole_curves(const Runs& runs, const Choice& choice,
                                  std::set<std::string>& known) {
    last_epoch_ = 0;
    for (const auto& run : runs) {
        for (const auto& [name, curves] : run->whole_curves()) {
            const auto place =
                known.contains(name) && !panels_[name].whole ? name + " (curve)" : name;
            known.insert(place);
            auto& panel = panels_[place];
            panel.whole = true;
            panel.x_name = curves.x_name;
            for (const auto& [series, versions] : curves.by_series) {
                const auto curve_name = series.empty() ? name : series;
                const auto full = full_name(runs, *run, curve_name);
                const auto own_color = color(*run, curve_name, choice.dark);
                for (const auto& version : versions) {
                    last_epoch_ = versions.size() > 1 && version.epoch < 1e9
                                      ? std::max(last_epoch_, static_cast<int>(version.epoch))
                                      : last_epoch_;
                }
                if (!choice.hidden.contains(key(*run, curve_name))) {
                    add_versions(versions, full, own_color, choice, panel);
                }
            }
        }
    }
}

void Panels::show_all() {
    for (auto& [name, panel] : panels_) {
        panel.view.fitted = true;
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
