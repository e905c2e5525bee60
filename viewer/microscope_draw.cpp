// Draws the window of the microscope.
#include "viewer/microscope_view.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <numbers>
#include <numeric>

namespace hfc::viewer {
namespace {

constexpr std::array<const char*, 3> part_names = {"image x", "low part x_l", "high part x_h"};
constexpr float gap = 14;

}  // namespace

void MicroscopeView::draw() {
    take_keys();
    ImGui::SetNextWindowPos({0, 0});
    ImGui::SetNextWindowSize(ImGui::GetIO().DisplaySize);
    ImGui::Begin("microscope", nullptr,
                 ImGuiWindowFlags_NoDecoration | ImGuiWindowFlags_NoMove |
                     ImGuiWindowFlags_NoBringToFrontOnFocus);
    ImGui::Text("%s on %s", network_.c_str(), dataset_.c_str());
    draw_tools();
    draw_pictures();
    draw_labels_by_radius();
    draw_confidences();
    ImGui::TextDisabled(
        "drag in the spectrum (right button: erase paint)   D radius  G ring  W "
        "wedge  P paint  C clear paint   Up, Down radius   Left, Right image   S "
        "save   Q close");
    ImGui::End();
}

void MicroscopeView::draw_tools() {
    for (size_t tool = 0; tool < tool_names.size(); ++tool) {
        if (ImGui::RadioButton(tool_names[tool], static_cast<size_t>(shape_.tool) == tool)) {
            shape_.tool = static_cast<Tool>(tool);
            ask();
        }
        ImGui::SameLine(0, gap);
    }
    int image = static_cast<int>(image_);
    ImGui::SetNextItemWidth(260);
    if (ImGui::SliderInt("image", &image, 0, std::max(0, static_cast<int>(images_) - 1))) {
        choose_image(image);
    }
    ImGui::SameLine(0, gap);
    if (label_ >= 0) {
        ImGui::Text("label: %s", class_name(label_).c_str());
        ImGui::SameLine(0, gap);
    }
    ImGui::TextDisabled("images in %.1f ms, predictions in %.1f ms   %s", pictures_milliseconds_,
                        milliseconds_, message_.c_str());
}

void MicroscopeView::draw_outline(ImVec2 corner, float side) const {
    auto& list = *ImGui::GetWindowDrawList();
    const float bin = side / static_cast<float>(shape_.width);
    const ImVec2 zero = {corner.x + (static_cast<float>(shape_.width / 2) + 0.5F) * bin,
                         corner.y + (static_cast<float>(shape_.height / 2) + 0.5F) * side /
                                        static_cast<float>(shape_.height)};
    constexpr ImU32 white = IM_COL32(255, 255, 255, 200);
    if (shape_.tool == Tool::disc || shape_.tool == Tool::ring) {
        list.AddCircle(zero, static_cast<float>(shape_.outer) * bin, white, 96, 1.5F);
    }
    if (shape_.tool == Tool::ring) {
        list.AddCircle(zero, static_cast<float>(shape_.inner) * bin, white, 96, 1.5F);
    }
    if (shape_.tool == Tool::wedge) {
        for (const double degrees : {shape_.from, shape_.to}) {
            const double angle = degrees * std::numbers::pi / 180;
            const auto x = static_cast<float>(std::cos(angle)) * side;
            const auto y = static_cast<float>(std::sin(angle)) * side;
            list.AddLine({zero.x - x, zero.y - y}, {zero.x + x, zero.y + y}, white, 1.5F);
        }
    }
}

void MicroscopeView::draw_spectrum(ImVec2 corner, float side) {
    auto& list = *ImGui::GetWindowDrawList();
    const ImVec2 end = {corner.x + side, corner.y + side};
    list.PushClipRect(corner, end, true);
    if (!textures_[0].empty()) {
        list.AddImage(textures_[0].id(), corner, end);
        draw_outline(corner, side);
    }
    list.PopClipRect();
    ImGui::SetCursorScreenPos(corner);
    ImGui::InvisibleButton("spectrum", {side, side},
                           ImGuiButtonFlags_MouseButtonLeft | ImGuiButtonFlags_MouseButtonRight);
    take_mouse(corner, side);
}

void MicroscopeView::draw_pictures() {
    const auto space = ImGui::GetContentRegionAvail();
    const float large = std::floor(std::min(0.3F * space.x, 0.45F * space.y));
    const float small = std::floor((space.x - large - 4 * gap) / 4);
    const float side = std::min(small, large);
    const auto corner = ImGui::GetCursorScreenPos();
    auto& list = *ImGui::GetWindowDrawList();
    const auto text = ImGui::GetColorU32(ImGuiCol_Text);
    const float line = ImGui::GetTextLineHeightWithSpacing();
    char title[80];
    std::snprintf(title, sizeof title,
                  shape_.tool == Tool::disc   ? "spectrum, r = %.1f"
                  : shape_.tool == Tool::ring ? "spectrum, r = %.1f to %.1f"
                                              : "spectrum",
                  shape_.tool == Tool::ring ? shape_.inner : shape_.outer, shape_.outer);
    list.AddText(corner, text, title);
    draw_spectrum({corner.x, corner.y + line}, large);
    constexpr std::array<const char*, 4> titles = {part_names[0], part_names[1], part_names[2],
                                                   "gradient at x_l"};
    for (size_t i = 0; i < titles.size(); ++i) {
        const ImVec2 at = {corner.x + large + gap + static_cast<float>(i) * (side + gap),
                           corner.y + line};
        list.AddText({at.x, corner.y}, text, titles[i]);
        if (!textures_[1 + i].empty()) {
            list.AddImage(textures_[1 + i].id(), at, {at.x + side, at.y + side});
        }
        if (i < 3 && labels_.size() == 3) {
            const auto label = labels_[i];
            char says[120];
            std::snprintf(says, sizeof says, "%s, %.1f %%", class_name(label).c_str(),
                          100 * probabilities_[i][static_cast<size_t>(label)]);
            list.AddText({at.x, at.y + side + 4}, color_of_label(label), says);
        }
    }
    ImGui::SetCursorScreenPos({corner.x, corner.y + line + large + gap});
}

void MicroscopeView::draw_labels_by_radius() {
    const auto corner = ImGui::GetCursorScreenPos();
    auto& list = *ImGui::GetWindowDrawList();
    const float width = ImGui::GetContentRegionAvail().x - 2;
    const double most = std::hypot(shape_.height, shape_.width) / 2 + 0.5;
    constexpr float height = 14;
    const auto place = [&](double radius) {
        return corner.x + width * static_cast<float>(radius / most);
    };
    list.AddRect(corner, {corner.x + width, corner.y + height},
                 ImGui::GetColorU32(ImGuiCol_Border));
    for (const auto& [radius, label] : by_radius_.all()) {
        list.AddRectFilled({place(radius), corner.y}, {place(radius + 0.5) - 1, corner.y + height},
                           color_of_label(label));
    }
    if (shape_.tool == Tool::disc) {
        const float now = place(shape_.outer + 0.25);
        list.AddLine({now, corner.y - 3}, {now, corner.y + height + 3},
                     ImGui::GetColorU32(ImGuiCol_Text), 2);
    }
    ImGui::Dummy({width, height});
    if (const auto change = by_radius_.first_change()) {
        ImGui::Text("The label of x_l first changes at r = %.1f, from %s to %s.", change->radius,
                    class_name(change->before).c_str(), class_name(change->after).c_str());
    } else {
        ImGui::TextDisabled("The bar shows the label of x_l at each radius tried.");
    }
    ImGui::Dummy({0, 4});
}

void MicroscopeView::draw_confidences_of(size_t part, float width) {
    constexpr size_t most_classes = 10;
    const auto& values = probabilities_[part];
    std::vector<size_t> order(values.size());
    std::iota(order.begin(), order.end(), size_t{0});
    if (order.size() > most_classes) {
        std::stable_sort(order.begin(), order.end(),
                         [&](size_t a, size_t b) { return values[a] > values[b]; });
        order.resize(most_classes);
    }
    ImGui::BeginGroup();
    ImGui::TextUnformatted(part_names[part]);
    auto& list = *ImGui::GetWindowDrawList();
    for (const auto label : order) {
        const auto at = ImGui::GetCursorScreenPos();
        const float line = ImGui::GetTextLineHeight();
        const float names = 0.34F * width, bar = width - names - 56;
        const auto filled = static_cast<float>(std::clamp(values[label], 0.0, 1.0));
        list.PushClipRect(at, {at.x + names - 6, at.y + line}, true);
        list.AddText(at, ImGui::GetColorU32(ImGuiCol_Text),
                     class_name(static_cast<int64_t>(label)).c_str());
        list.PopClipRect();
        list.AddRectFilled({at.x + names, at.y + 2}, {at.x + names + bar, at.y + line},
                           ImGui::GetColorU32(ImGuiCol_FrameBg), 2);
        list.AddRectFilled({at.x + names, at.y + 2}, {at.x + names + bar * filled, at.y + line},
                           color_of_label(static_cast<int64_t>(label)), 2);
        char percent[24];
        std::snprintf(percent, sizeof percent, "%.1f %%", 100 * values[label]);
        list.AddText({at.x + names + bar + 6, at.y}, ImGui::GetColorU32(ImGuiCol_Text), percent);
        ImGui::Dummy({width, line});
    }
    ImGui::EndGroup();
}

void MicroscopeView::draw_confidences() {
    if (labels_.size() != 3) {
        ImGui::TextDisabled("waiting for the network");
        return;
    }
    const float width = (ImGui::GetContentRegionAvail().x - 2 * gap) / 3;
    for (size_t part = 0; part < 3; ++part) {
        if (part > 0) {
            ImGui::SameLine(0, gap);
        }
        draw_confidences_of(part, width);
    }
}

}  // namespace hfc::viewer
