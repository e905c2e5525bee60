#include "viewer/plot.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <limits>

namespace hfc::viewer {
namespace {

/// The rectangle of the curves, and the way from values to pixels and back.
struct Frame {
    ImVec2 low, high;
    Range x, y;

    float width() const { return high.x - low.x; }
    float height() const { return high.y - low.y; }
    float pixel_x(double value) const {
        return low.x + static_cast<float>((value - x.low) / (x.high - x.low)) * width();
    }
    float pixel_y(double value) const {
        const double share = std::clamp((value - y.low) / (y.high - y.low), -10.0,
                                        10.0);  // far outside: still a float's pixel
        return high.y - static_cast<float>(share) * height();
    }
    double value_x(float pixel) const {
        return x.low + (pixel - low.x) / width() * (x.high - x.low);
    }
    double value_y(float pixel) const {
        return y.low + (high.y - pixel) / height() * (y.high - y.low);
    }
};

void fit(const std::vector<PlotCurve>& curves, PlotView& view) {
    Range x = PlotCurve::nowhere, y = PlotCurve::nowhere;
    for (const auto& curve : curves) {
        x = {std::min(x.low, curve.x_range.low), std::max(x.high, curve.x_range.high)};
        y = {std::min(y.low, curve.y_range.low), std::max(y.high, curve.y_range.high)};
    }
    view.x = fitted(x.low, x.high, 0.02);
    view.y = fitted(y.low, y.high, 0.05);
}

void draw_axes(ImDrawList& list, const Frame& frame, const std::string& x_name, bool logarithmic,
               const Theme& theme) {
    for (const auto& tick :
         linear_ticks(frame.x, std::max(2, static_cast<int>(frame.width() / 70)))) {
        const float at = std::floor(frame.pixel_x(tick.value)) + 0.5F;
        list.AddLine({at, frame.low.y}, {at, frame.high.y}, theme.grid);
        const float wide = ImGui::CalcTextSize(tick.label.c_str()).x;
        list.AddText({at - wide / 2, frame.high.y + 5}, theme.text, tick.label.c_str());
    }
    const int most = std::max(2, static_cast<int>(frame.height() / 32));
    for (const auto& tick : logarithmic ? log_ticks(frame.y, most) : linear_ticks(frame.y, most)) {
        const float at = std::floor(frame.pixel_y(tick.value)) + 0.5F;
        list.AddLine({frame.low.x, at}, {frame.high.x, at}, theme.grid);
        const auto extent = ImGui::CalcTextSize(tick.label.c_str());
        list.AddText({frame.low.x - extent.x - 7, at - extent.y / 2}, theme.text,
                     tick.label.c_str());
    }
    list.AddRect(frame.low, {frame.high.x + 1, frame.high.y + 1}, theme.faint);
    const auto extent = ImGui::CalcTextSize(x_name.c_str());
    list.AddText({(frame.low.x + frame.high.x - extent.x) / 2, frame.high.y + 8 + extent.y},
                 theme.text, x_name.c_str());
}

const std::vector<Column>& columns_of(PlotCurve& curve, Range view, int width) {
    auto& reduced = curve.reduced;
    if (reduced.width != width || reduced.view.low != view.low || reduced.view.high != view.high) {
        reduced = {reduce(*curve.x, curve.y, view, width), view, width};
    }
    return reduced.columns;
}

/// Whether there is a bar in this column and in those at both sides, which then need not be thicker
/// than a pixel to leave no gap.
bool is_inner(const std::vector<Column>& columns, size_t i) {
    const auto follows = [&](size_t left) {
        return columns[left].pixel + 1 == columns[left + 1].pixel &&
               columns[left].lowest < columns[left].highest &&
               columns[left + 1].lowest < columns[left + 1].highest;
    };
    return i > 0 && i + 1 < columns.size() && follows(i - 1) && follows(i);
}

/// Each column of pixels is a bar from its lowest to its highest value, joined to the one before
/// where the two do not meet. What a bar covers is what a frame costs where OpenGL is software.
void draw_columns(ImDrawList& list, const Frame& frame, const std::vector<Column>& columns,
                  ImU32 color) {
    const Column* before = nullptr;
    for (size_t i = 0; i < columns.size(); ++i) {
        const auto& column = columns[i];
        const float x = frame.low.x + static_cast<float>(column.pixel) + 0.5F;
        before = column.gap_before ? nullptr : before;
        if (column.lowest < column.highest) {
            const float half = is_inner(columns, i) ? 0.5F : 1;
            list.AddRectFilled({x - half, frame.pixel_y(column.highest) - 0.5F},
                               {x + half, frame.pixel_y(column.lowest) + 0.5F}, color);
        } else if (before == nullptr && (i + 1 == columns.size() || columns[i + 1].gap_before)) {
            list.AddCircleFilled({x, frame.pixel_y(column.first)}, 3, color);
        }
        const bool meet = before != nullptr && before->pixel + 1 == column.pixel &&
                          before->lowest < column.highest && column.lowest < before->highest;
        if (before != nullptr && !meet) {
            const float from = frame.low.x + static_cast<float>(before->pixel) + 0.5F;
            list.AddLine({from, frame.pixel_y(before->last)}, {x, frame.pixel_y(column.first)},
                         color, 2);
        }
        before = &column;
    }
}

void draw_curve(ImDrawList& list, const Frame& frame, PlotCurve& curve) {
    std::vector<ImVec2> path;
    const auto end_path = [&] {
        if (path.size() == 1) {
            list.AddCircleFilled(path[0], 3, curve.color);
        } else if (path.size() > 1) {
            // Segment by segment: ImGui's polyline grows thin and thorny where it turns sharply.
            for (size_t i = 1; i < path.size(); ++i) {
                list.AddLine(path[i - 1], path[i], curve.color, 2);
            }
        }
        path.clear();
    };
    const auto& columns = columns_of(curve, frame.x, static_cast<int>(frame.width()));
    // Few points: each at its own place and marked, since between them there is nothing.
    if (columns.size() < 60 && !curve.faint) {
        for (size_t i = 0; i < curve.y.size() && curve.y.size() < 500; ++i) {
            const double at = (*curve.x)[i];
            if (std::isfinite(at) && std::isfinite(curve.y[i]) && at >= frame.x.low &&
                at <= frame.x.high) {
                list.AddCircleFilled({frame.pixel_x(at), frame.pixel_y(curve.y[i])}, 3,
                                     curve.color);
            }
        }
    }
    if (curve.y.size() < 500) {
        for (size_t i = 0; i < curve.y.size(); ++i) {
            const double at = (*curve.x)[i];
            if (!std::isfinite(at) || !std::isfinite(curve.y[i]) ||
                (i > 0 && at < (*curve.x)[i - 1])) {
                end_path();
            }
            if (std::isfinite(at) && std::isfinite(curve.y[i])) {
                path.push_back({frame.pixel_x(at), frame.pixel_y(curve.y[i])});
            }
        }
        end_path();
        return;
    }
    draw_columns(list, frame, columns, curve.color);
}

void draw_cross_hair(ImDrawList& list, const Frame& frame, const std::vector<PlotCurve>& curves,
                     bool logarithmic, const std::string& x_name, const Theme& theme) {
    const auto mouse = ImGui::GetIO().MousePos;
    list.AddLine({mouse.x, frame.low.y}, {mouse.x, frame.high.y}, theme.faint);
    list.AddLine({frame.low.x, mouse.y}, {frame.high.x, mouse.y}, theme.faint);
    const double at = frame.value_x(mouse.x), height = frame.value_y(mouse.y);
    ImGui::BeginTooltip();
    ImGui::Text("%s %.6g, height %.4g", x_name.c_str(), at,
                logarithmic ? std::pow(10, height) : height);
    for (const auto& curve : curves) {
        if (curve.faint) {
            continue;
        }
        double distance = std::numeric_limits<double>::infinity(), value = 0;
        for (size_t i = 0; i < curve.y.size(); ++i) {
            const double here = std::abs((*curve.x)[i] - at);
            if (here < distance && std::isfinite(curve.y[i])) {
                distance = here;
                value = curve.y[i];
            }
        }
        if (std::isfinite(distance)) {
            ImGui::PushStyleColor(ImGuiCol_Text, curve.color);
            ImGui::Text("%-10.5g %s", logarithmic ? std::pow(10, value) : value,
                        curve.name.c_str());
            ImGui::PopStyleColor();
        }
    }
    ImGui::EndTooltip();
}

void zoom(Range& range, double around, double factor) {
    const Range wanted = {around + (range.low - around) * factor,
                          around + (range.high - around) * factor};
    if (wanted.high - wanted.low >
        1e-9 * std::max({std::abs(wanted.low), std::abs(wanted.high), 1e-6})) {
        range = wanted;
    }
}

void take_mouse(ImDrawList& list, const Frame& frame, const Theme& theme, bool hovered,
                PlotView& view) {
    const auto& io = ImGui::GetIO();
    const ImVec2 mouse = {std::clamp(io.MousePos.x, frame.low.x, frame.high.x),
                          std::clamp(io.MousePos.y, frame.low.y, frame.high.y)};
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
        view.dragging = false;
        return;
    }
    if (hovered && ImGui::IsMouseClicked(0)) {
        view.dragging = true;
        view.drag_from = mouse;
    }
    if (!view.dragging) {
        return;
    }
    const ImVec2 low = {std::min(mouse.x, view.drag_from.x), std::min(mouse.y, view.drag_from.y)};
    const ImVec2 high = {std::max(mouse.x, view.drag_from.x), std::max(mouse.y, view.drag_from.y)};
    list.AddRectFilled(low, high, (theme.text & 0x00FFFFFFU) | 0x28000000U);
    if (!ImGui::IsMouseDown(0)) {
        view.dragging = false;
        if (high.x - low.x > 5 && high.y - low.y > 5) {
            view.x = {frame.value_x(low.x), frame.value_x(high.x)};
            view.y = {frame.value_y(high.y), frame.value_y(low.y)};
            view.fitted = false;
        }
    }
}

}  // namespace

ImU32 color_of(size_t index, bool dark) {
    const std::array<ImU32, 8> colors = {
        IM_COL32(0, 114, 178, 255),
        IM_COL32(213, 94, 0, 255),
        IM_COL32(0, 158, 115, 255),
        IM_COL32(204, 121, 167, 255),
        IM_COL32(230, 159, 0, 255),
        IM_COL32(86, 180, 233, 255),
        dark ? IM_COL32(240, 228, 66, 255) : IM_COL32(150, 140, 0, 255),
        dark ? IM_COL32(235, 235, 235, 255) : IM_COL32(20, 20, 20, 255)};
    return colors[index % colors.size()];
}

ImU32 shade_of(ImU32 color, size_t index, bool dark) {
    constexpr std::array<float, 6> shares = {0, 0.35F, 0.5F, 0.18F, 0.42F, 0.6F};
    const float share = shares[index % shares.size()], towards = dark ? 1.0F : 0.0F;
    auto mixed = ImGui::ColorConvertU32ToFloat4(color);
    for (float* const channel : {&mixed.x, &mixed.y, &mixed.z}) {
        *channel += (towards - *channel) * share;
    }
    return ImGui::ColorConvertFloat4ToU32(mixed);
}

void draw_plot(const char* id, ImVec2 size, const std::string& title, const std::string& x_name,
               bool logarithmic, std::vector<PlotCurve>& curves, const Theme& theme,
               PlotView& view) {
    if (view.fitted) {
        fit(curves, view);
    }
    const auto corner = ImGui::GetCursorScreenPos();
    const Frame frame = {{std::floor(corner.x + 62), std::floor(corner.y + 24)},
                         {std::floor(corner.x + size.x - 14), std::floor(corner.y + size.y - 44)},
                         view.x,
                         view.y};
    if (frame.width() < 40 || frame.height() < 40 || !ImGui::IsRectVisible(size)) {
        ImGui::Dummy(size);
        return;
    }
    auto& list = *ImGui::GetWindowDrawList();
    list.AddText({frame.low.x, corner.y + 3}, theme.text, title.c_str());
    list.AddRectFilled(frame.low, frame.high, theme.background);
    draw_axes(list, frame, x_name, logarithmic, theme);
    list.PushClipRect(frame.low, frame.high, true);
    for (auto& curve : curves) {
        draw_curve(list, frame, curve);
    }
    ImGui::InvisibleButton(id, size);
    const bool hovered =
        ImGui::IsItemHovered() && ImGui::IsMouseHoveringRect(frame.low, frame.high);
    take_mouse(list, frame, theme, hovered, view);
    if (hovered) {
        draw_cross_hair(list, frame, curves, logarithmic, x_name, theme);
    }
    list.PopClipRect();
}

}  // namespace hfc::viewer
