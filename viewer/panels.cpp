#include "viewer/panels.h"

#include <algorithm>
#include <cmath>

namespace hfc::viewer {
namespace {

PlotCurve prepare_curve(const Curve& curve, const Choice& choice) {
    PlotCurve result;
    result.x = &curve.along(choice.axis);
    result.y = choice.smoothing > 0 ? smooth(curve.y, static_cast<double>(choice.smoothing)) : curve.y;
    if (choice.logarithmic) {
        std::transform(result.y.begin(), result.y.end(), result.y.begin(),
                       [](double value) { return value > 0 ? std::log10(value) : NAN; });
    }
    for (size_t i = 0; i < result.y.size(); ++i) {
        const double at = (*result.x)[i], value = result.y[i];
        if (std::isfinite(at) && std::isfinite(value)) {
            result.x_range = {std::min(result.x_range.low, at), std::max(result.x_range.high, at)};
            result.y_range = {std::min(result.y_range.low, value), std::max(result.y_range.high, value)};
        }
    }
    return result;
}

}  // namespace

ImU32 Panels::color(const std::string& full_name, bool dark) {
    const auto cut = full_name.rfind(": ");
    const auto series = full_name.substr(0, cut), probe = cut == std::string::npos ? "" : full_name.substr(cut + 2);
    const auto hue = hues_.emplace(series, hues_.size()).first->second, shade = shades_.emplace(probe, shades_.size()).first->second;
    return shade_of(color_of(hue, dark), shade, dark);
}

void Panels::prepare(const std::vector<std::unique_ptr<RunData>>& runs, const Choice& choice, bool changed) {
    if (prepared_ && !changed && choice == prepared_for_) {
        return;
    }
    for (auto& [name, panel] : panels_) {
        panel.curves.clear();
    }
    for (const auto& run : runs) {
        for (const auto& [name, curves] : run->panels()) {
            auto& panel = panels_[name];
            for (const auto& [curve_name, curve] : curves) {
                const auto full = full_name(runs, *run, curve_name);
                const auto own_color = color(full, choice.dark);
                if (!choice.hidden.contains(full)) {
                    panel.curves.push_back(prepare_curve(curve, choice));
                    panel.curves.back().name = full;
                    panel.curves.back().color = own_color;
                }
            }
        }
    }
    // A panel whose curves are all hidden stays; one that no run has any more goes.
    std::erase_if(panels_, [&](const auto& entry) {
        return std::none_of(runs.begin(), runs.end(), [&](const auto& run) { return run->panels().contains(entry.first); });
    });
    prepared_for_ = choice;
    prepared_ = true;
}

void Panels::show_all() {
    for (auto& [name, panel] : panels_) {
        panel.view.fitted = true;
    }
}

std::string file_stem(const std::string& panel) {
    std::string stem = panel;
    std::replace_if(
        stem.begin(), stem.end(), [](unsigned char c) { return std::isalnum(c) == 0 && c != '-' && c != '.'; }, '_');
    return stem.empty() || stem[0] == '.' ? "panel" + stem : stem;
}

}  // namespace hfc::viewer
