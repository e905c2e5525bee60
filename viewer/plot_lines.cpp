#include "viewer/plot_lines.h"

#include "viewer/end_labels.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace hfc::viewer {
namespace {

constexpr size_t few_points = 500;  ///< curves with fewer points are drawn point by point
constexpr float dot = 3, dot_gap = 3;

/// Whether this column and the columns on both sides are bars. If so, this column's bar leaves no
/// gap even if it is only a pixel wide.
bool is_inner(const std::vector<Column>& columns, size_t i) {
    const auto follows = [&](size_t left) {
        return columns[left].pixel + 1 == columns[left + 1].pixel &&
               columns[left].lowest < columns[left].highest &&
               columns[left + 1].lowest < columns[left + 1].highest;
    };
    return i > 0 && i + 1 < columns.size() && follows(i - 1) && follows(i);
}

struct Pen {
    ImDrawList& list;
    ImU32 color;
    float thickness;
    bool dotted;
    float along = 0;  ///< length of the dotted line since the last gap

    void line(ImVec2 from, ImVec2 to) {
        if (!dotted) {
            list.AddLine(from, to, color, thickness);
            return;
        }
        const float length = std::hypot(to.x - from.x, to.y - from.y);
        constexpr float period = dot + dot_gap;
        for (float at = -std::fmod(along, period); at < length; at += period) {
            const float begin = std::max(at, 0.0F), end = std::min(at + dot, length);
            if (end > begin) {
                const auto place = [&](float way) {
                    return ImVec2{from.x + (to.x - from.x) * way / length,
                                  from.y + (to.y - from.y) * way / length};
                };
                list.AddLine(place(begin), place(end), color, thickness);
            }
        }
        along = std::fmod(along + length, period);
    }
};

/// Draws each column of pixels as a bar from its lowest to its highest value, joined to the
/// previous bar if the two do not meet. With software OpenGL, the area of the bars determines how
/// long a frame takes.
void draw_columns(const Frame& frame, const std::vector<Column>& columns, Pen& pen) {
    const Column* before = nullptr;
    for (size_t i = 0; i < columns.size(); ++i) {
        const auto& column = columns[i];
        const float x = frame.middle(column);
        before = column.gap_before ? nullptr : before;
        if (column.lowest < column.highest) {
            const float half = is_inner(columns, i) ? 0.5F : pen.thickness / 2;
            if (!pen.dotted || column.pixel % 4 < 2) {
                pen.list.AddRectFilled({x - half, frame.pixel_y(column.highest) - 0.5F},
                                       {x + half, frame.pixel_y(column.lowest) + 0.5F}, pen.color);
            }
        } else if (before == nullptr && (i + 1 == columns.size() || columns[i + 1].gap_before)) {
            pen.list.AddCircleFilled({x, frame.pixel_y(column.first)}, 3, pen.color);
        }
        const bool meet = before != nullptr && before->pixel + 1 == column.pixel &&
                          before->lowest < column.highest && column.lowest < before->highest;
        if (before != nullptr && !meet) {
            pen.line({frame.middle(*before), frame.pixel_y(before->last)},
                     {x, frame.pixel_y(column.first)});
        }
        before = &column;
    }
}

/// Draws a curve with few points: every point at its exact position and, if there are very
/// few, with a marker.
void draw_points(const Frame& frame, const PlotCurve& curve, Pen& pen) {
    const auto& x = *curve.x;
    const bool marked = curve.reduced.line.size() < 60 && !curve.faint;
    std::vector<ImVec2> path;
    const auto end_path = [&] {
        if (path.size() == 1) {
            pen.list.AddCircleFilled(path[0], 3, pen.color);
        }
        // Segment by segment, because ImGui's polyline becomes thin and spiky at sharp turns.
        for (size_t i = 1; i < path.size(); ++i) {
            pen.line(path[i - 1], path[i]);
        }
        path.clear();
        pen.along = 0;
    };
    for (size_t i = 0; i < curve.y.size(); ++i) {
        const bool finite = std::isfinite(x[i]) && std::isfinite(curve.y[i]);
        if (!finite || (i > 0 && x[i] < x[i - 1])) {
            end_path();
        }
        if (!finite) {
            continue;
        }
        path.push_back({frame.pixel_x(x[i]), frame.pixel_y(curve.y[i])});
        if (marked && x[i] >= frame.x.low && x[i] <= frame.x.high) {
            pen.list.AddCircleFilled(path.back(), 3, pen.color);
        }
    }
    end_path();
}

/// The curves' labels. If a label is too wide, the parts that all labels share are left out.
std::vector<std::string> fitting_texts(const std::vector<const PlotCurve*>& curves, float width) {
    std::vector<std::string_view> labels;
    for (const auto* const curve : curves) {
        labels.push_back(curve->label);
    }
    const auto fit = [&] {
        return std::ranges::all_of(labels, [&](std::string_view label) {
            return ImGui::CalcTextSize(label.data(), label.data() + label.size()).x <= width;
        });
    };
    const size_t ending = fit() ? 0 : shared_ending(labels);
    for (auto& label : labels) {
        label.remove_suffix(ending);
    }
    constexpr std::string_view left_out = "...";
    const size_t shared = fit() ? 0 : shared_beginning(labels);
    std::vector<std::string> texts;
    for (const auto label : labels) {
        texts.emplace_back(label);
        if (shared > left_out.size()) {
            texts.back().replace(0, shared, left_out);
        }
    }
    return texts;
}

}  // namespace

ImU32 faded(ImU32 color, float opacity) {
    const auto alpha = static_cast<float>(color >> IM_COL32_A_SHIFT) * opacity;
    return (color & ~IM_COL32_A_MASK) | static_cast<ImU32>(alpha) << IM_COL32_A_SHIFT;
}

void reduce_to(const Frame& frame, PlotCurve& curve) {
    auto& reduced = curve.reduced;
    const int width = static_cast<int>(frame.width());
    const auto& view = frame.x;
    if (reduced.width == width && reduced.view.low == view.low && reduced.view.high == view.high) {
        return;
    }
    reduced = {reduce(*curve.x, curve.y, view, width), {}, {}, view, width};
    if (!curve.low.empty()) {
        reduced.low = reduce(*curve.x, curve.low, view, width);
        reduced.high = reduce(*curve.x, curve.high, view, width);
    }
}

void draw_band(ImDrawList& list, const Frame& frame, const PlotCurve& curve, float opacity) {
    const auto& [line, low, high, view, width] = curve.reduced;
    const auto color = faded(curve.color, 0.22F * opacity);
    const auto flags = list.Flags;
    list.Flags &= ~ImDrawListFlags_AntiAliasedFill;  // fringes would show between two quads
    for (size_t i = 1; i < std::min(low.size(), high.size()); ++i) {
        if (low[i].gap_before || high[i].gap_before) {
            continue;
        }
        const float from = frame.middle(low[i - 1]), to = frame.middle(low[i]);
        list.AddQuadFilled({from, frame.pixel_y(high[i - 1].highest)},
                           {to, frame.pixel_y(high[i].highest)}, {to, frame.pixel_y(low[i].lowest)},
                           {from, frame.pixel_y(low[i - 1].lowest)}, color);
    }
    list.Flags = flags;
}

void draw_line(ImDrawList& list, const Frame& frame, const PlotCurve& curve, float opacity,
               float thickness) {
    Pen pen = {list, faded(curve.color, opacity), thickness, curve.dotted};
    if (curve.y.size() < few_points) {
        draw_points(frame, curve, pen);
    } else {
        draw_columns(frame, curve.reduced.line, pen);
    }
}

void draw_end_labels(ImDrawList& list, const Frame& frame, const std::vector<PlotCurve>& curves,
                     const PlotCurve* emphasised, float width) {
    std::vector<const PlotCurve*> labelled;
    std::vector<double> ends;
    for (const auto& curve : curves) {
        const auto& columns = curve.reduced.line;
        if (curve.faint || curve.label.empty() || columns.empty()) {
            continue;
        }
        const auto last = std::find_if(columns.rbegin(), columns.rend(), [&](const auto& column) {
            return column.pixel <= static_cast<int>(frame.width());
        });
        if (last == columns.rend()) {
            continue;
        }
        labelled.push_back(&curve);
        ends.push_back(std::clamp<double>(frame.pixel_y(last->last), frame.top, frame.bottom));
    }
    const auto texts = fitting_texts(labelled, width - 10);
    const float line = ImGui::GetTextLineHeight() - 1;
    const auto places = spread_labels(ends, line, {frame.top - line / 2, frame.bottom + line / 2});
    list.PushClipRect({frame.right, frame.top - line}, {frame.right + width, frame.bottom + line},
                      true);
    for (size_t i = 0; i < labelled.size(); ++i) {
        if (!std::isfinite(places[i])) {
            continue;
        }
        const auto& curve = *labelled[i];
        const bool back = emphasised != nullptr && emphasised != &curve;
        const auto color = faded(curve.color, back ? 0.3F : 1);
        const auto middle = static_cast<float>(places[i]), end = static_cast<float>(ends[i]);
        list.AddLine({frame.right + 2, end}, {frame.right + 8, middle}, faded(color, 0.7F));
        list.AddText({std::floor(frame.right + 10), std::floor(middle - line / 2 - 1)}, color,
                     texts[i].c_str());
    }
    list.PopClipRect();
}

}  // namespace hfc::viewer
