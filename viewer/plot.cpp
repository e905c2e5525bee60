#include "viewer/plot.h"

#include "viewer/hit.h"
#include "viewer/plot_lines.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>

namespace hfc::viewer {
namespace {

void draw_axes(ImDrawList& list, const Frame& frame, const PlotLook& look) {
    const auto& theme = look.theme;
    const int most_across = std::max(2, static_cast<int>(frame.width() / 70));
    for (const auto& tick : look.logarithmic_x ? log_ticks(frame.x, most_across)
                                               : linear_ticks(frame.x, most_across)) {
        const float at = std::floor(frame.pixel_x(tick.value)) + 0.5F;
        list.AddLine({at, frame.top}, {at, frame.bottom}, theme.grid);
        const float wide = ImGui::CalcTextSize(tick.label.c_str()).x;
        list.AddText({at - wide / 2, frame.bottom + 5}, theme.text, tick.label.c_str());
    }
    const int most = std::max(2, static_cast<int>(frame.height() / 32));
    for (const auto& tick :
         look.logarithmic ? log_ticks(frame.y, most) : linear_ticks(frame.y, most)) {
        const float at = std::floor(frame.pixel_y(tick.value)) + 0.5F;
        list.AddLine({frame.left, at}, {frame.right, at}, theme.grid);
        const auto extent = ImGui::CalcTextSize(tick.label.c_str());
        list.AddText({frame.left - extent.x - 7, at - extent.y / 2}, theme.text,
                     tick.label.c_str());
    }
    list.AddRect({frame.left, frame.top}, {frame.right + 1, frame.bottom + 1}, theme.faint);
    const auto extent = ImGui::CalcTextSize(look.x_name.c_str());
    list.AddText({(frame.left + frame.right - extent.x) / 2, frame.bottom + 8 + extent.y},
                 theme.text, look.x_name.c_str());
}

/// The result of value_near(): the finite point nearest to `at`. If there are very many points,
/// only the drawn points are searched.
struct Value {
    double x = 0, y = std::numeric_limits<double>::quiet_NaN();
};

Value value_near(const Frame& frame, const PlotCurve& curve, double at) {
    constexpr size_t most_searched = 5000;
    Value nearest;
    double distance = std::numeric_limits<double>::infinity();
    const auto look_at = [&](double x, double y) {
        if (std::abs(x - at) < distance && std::isfinite(y)) {
            distance = std::abs(x - at);
            nearest = {x, y};
        }
    };
    if (curve.y.size() <= most_searched) {
        for (size_t i = 0; i < curve.y.size(); ++i) {
            look_at((*curve.x)[i], curve.y[i]);
        }
    } else {
        for (const auto& column : curve.reduced.line) {
            look_at(frame.value_x(frame.middle(column)), column.last);
        }
    }
    return nearest;
}

void tell_values(const Frame& frame, const PlotLook& look, const std::vector<PlotCurve>& curves,
                 const PlotCurve* pointed) {
    constexpr size_t few_curves = 8;
    const auto mouse = ImGui::GetIO().MousePos;
    const double at = frame.value_x(mouse.x);
    const auto shown_x = [&](double x) { return look.logarithmic_x ? std::pow(10, x) : x; };
    const auto shown_y = [&](double y) { return look.logarithmic ? std::pow(10, y) : y; };
    ImGui::BeginTooltip();
    if (pointed != nullptr) {
        const auto value = value_near(frame, *pointed, at);
        ImGui::TextUnformatted(pointed->name.c_str());
        ImGui::Text("%.5g at %s %.6g", shown_y(value.y), look.x_name.c_str(), shown_x(value.x));
        ImGui::TextDisabled("click to show only this curve");
    } else {
        ImGui::Text("%s %.6g, height %.4g", look.x_name.c_str(), shown_x(at),
                    shown_y(frame.value_y(mouse.y)));
        for (size_t i = 0; i < curves.size() && curves.size() <= few_curves; ++i) {
            const auto value = value_near(frame, curves[i], at);
            if (!curves[i].faint && std::isfinite(value.y)) {
                ImGui::PushStyleColor(ImGuiCol_Text, curves[i].color);
                ImGui::Text("%-10.5g %s", shown_y(value.y), curves[i].name.c_str());
                ImGui::PopStyleColor();
            }
        }
    }
    ImGui::EndTooltip();
}

const PlotCurve* nearest_curve(const Frame& frame, const std::vector<PlotCurve>& curves) {
    const auto mouse = ImGui::GetIO().MousePos;
    const PlotCurve* nearest = nullptr;
    float least = naming_distance;
    for (const auto& curve : curves) {
        const float distance = distance_to_line(frame, curve.reduced.line, mouse.x, mouse.y, least);
        if (distance < least) {
            least = distance;
            nearest = &curve;
        }
    }
    return nearest;
}

void zoom(Range& range, double around, double factor) {
    const Range wanted = {around + (range.low - around) * factor,
                          around + (range.high - around) * factor};
    if (wanted.high - wanted.low >
        1e-9 * std::max({std::abs(wanted.low), std::abs(wanted.high), 1e-6})) {
        range = wanted;
    }
}

/// Handles the mouse. Returns true after a click without a drag.
bool take_mouse(ImDrawList& list, const Frame& frame, const PlotLook& look, bool hovered,
                const void* plot, PlotView& view) {
    const auto& io = ImGui::GetIO();
    const ImVec2 mouse = {std::clamp(io.MousePos.x, frame.left, frame.right),
                          std::clamp(io.MousePos.y, frame.top, frame.bottom)};
    if (hovered && io.MouseWheel != 0) {
        const double factor = std::pow(0.85, io.MouseWheel);
        zoom(view.x, frame.value_x(mouse.x), factor);
        if (!io.KeyShift) {
            zoom(view.y, frame.value_y(mouse.y), factor);
        }
        view.fitted = false;
    }
    if (hovered && ImGui::IsMouseDoubleClicked(0)) {
        view.fitted = true;
        view.dragging = nullptr;
        return false;
    }
    if (hovered && ImGui::IsMouseClicked(0)) {
        view.dragging = plot;
        view.drag_from = mouse;
    }
    if (view.dragging != plot) {
        return false;
    }
    const ImVec2 low = {std::min(mouse.x, view.drag_from.x), std::min(mouse.y, view.drag_from.y)};
    const ImVec2 high = {std::max(mouse.x, view.drag_from.x), std::max(mouse.y, view.drag_from.y)};
    list.AddRectFilled(low, high, faded(look.theme.text, 0.16F));
    if (ImGui::IsMouseDown(0)) {
        return false;
    }
    view.dragging = nullptr;
    if (high.x - low.x > 5 && high.y - low.y > 5) {
        view.x = {frame.value_x(low.x), frame.value_x(high.x)};
        view.y = {frame.value_y(high.y), frame.value_y(low.y)};
        view.fitted = false;
        return false;
    }
    return hovered;
}

/// The width of the labels at the ends of lines.
float label_width(const PlotLook& look, const std::vector<PlotCurve>& curves, float width) {
    float most = 0;
    for (const auto& curve : curves) {
        if (look.labels && !curve.faint && !curve.label.empty()) {
            most = std::max(most, ImGui::CalcTextSize(curve.label.c_str()).x + 14);
        }
    }
    return std::min(most, 0.4F * width);
}

const PlotCurve* emphasised_by_key(const PlotLook& look, const std::vector<PlotCurve>& curves) {
    for (const auto& curve : curves) {
        if (std::find(curve.keys.begin(), curve.keys.end(), look.emphasised) != curve.keys.end()) {
            return &curve;
        }
    }
    return nullptr;
}

void draw_curves(ImDrawList& list, const Frame& frame, const std::vector<PlotCurve>& curves,
                 const PlotCurve* emphasised) {
    const auto opacity = [&](const PlotCurve& curve) {
        return emphasised == nullptr || emphasised == &curve ? 1.0F : 0.3F;
    };
    constexpr float clear_bands = 3;  // more bands would hide each other
    const auto bands = static_cast<float>(
        std::ranges::count_if(curves, [](const auto& curve) { return !curve.low.empty(); }));
    const float band_opacity = std::min(1.0F, clear_bands / std::max(bands, 1.0F));
    for (const auto& curve : curves) {
        draw_band(list, frame, curve, emphasised == &curve ? 1.0F : band_opacity * opacity(curve));
    }
    for (const auto& curve : curves) {
        draw_line(list, frame, curve, opacity(curve), 2);
    }
    if (emphasised != nullptr) {
        draw_line(list, frame, *emphasised, 1, 3);  // over all others
    }
}

}  // namespace

void zoom_around_middle(PlotView& view, double factor) {
    for (auto* const range : {&view.x, &view.y}) {
        zoom(*range, (range->low + range->high) / 2, factor);
    }
    view.fitted = false;
}

PlotEvent draw_plot(const char* id, ImVec2 size, const PlotLook& look,
                    std::vector<PlotCurve>& curves, PlotView& view) {
    if (view.fitted) {
        view.x = fitted(view.all_x.low, view.all_x.high, 0.02);
        view.y = fitted(view.all_y.low, view.all_y.high, 0.05);
    }
    const auto corner = ImGui::GetCursorScreenPos();
    const float labels = label_width(look, curves, size.x);
    const Frame frame = {std::floor(corner.x + 62),
                         std::floor(corner.y + 24),
                         std::floor(corner.x + size.x - std::max(14.0F, labels)),
                         std::floor(corner.y + size.y - 44),
                         view.x,
                         view.y};
    if (frame.width() < 40 || frame.height() < 40 || !ImGui::IsRectVisible(size)) {
        ImGui::Dummy(size);
        return {};
    }
    auto& list = *ImGui::GetWindowDrawList();
    list.AddText({frame.left, corner.y + 3}, look.theme.text, look.title.c_str());
    const ImVec2 low = {frame.left, frame.top}, high = {frame.right, frame.bottom};
    list.AddRectFilled(low, high, look.theme.background);
    draw_axes(list, frame, look);
    for (auto& curve : curves) {
        reduce_to(frame, curve);
    }
    ImGui::InvisibleButton(id, size);
    const bool hovered = ImGui::IsItemHovered() && ImGui::IsMouseHoveringRect(low, high);
    PlotEvent event;
    event.pointed = hovered ? nearest_curve(frame, curves) : nullptr;
    const auto* const emphasised =
        event.pointed != nullptr ? event.pointed : emphasised_by_key(look, curves);
    list.PushClipRect(low, high, true);
    draw_curves(list, frame, curves, emphasised);
    event.clicked = take_mouse(list, frame, look, hovered, &curves, view);
    if (hovered) {
        const auto mouse = ImGui::GetIO().MousePos;
        event.x = frame.value_x(mouse.x);
        list.AddLine({mouse.x, frame.top}, {mouse.x, frame.bottom}, look.theme.faint);
        list.AddLine({frame.left, mouse.y}, {frame.right, mouse.y}, look.theme.faint);
    } else if (std::isfinite(look.linked_x)) {
        const float at = frame.pixel_x(look.linked_x);
        list.AddLine({at, frame.top}, {at, frame.bottom}, look.theme.faint);
    }
    list.PopClipRect();
    if (labels > 0) {
        draw_end_labels(list, frame, curves, emphasised, labels);
    }
    if (hovered) {
        tell_values(frame, look, curves, event.pointed);
    }
    return event;
}

}  // namespace hfc::viewer
