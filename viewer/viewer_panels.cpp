// Draws the panels of curves and saves them as files.
#include "viewer/colors.h"
#include "viewer/export.h"
#include "viewer/viewer.h"
#include "viewer/window.h"
#include "viewer/window_loop.h"

#include <GLFW/glfw3.h>
#include <imgui.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <limits>

namespace hfc::viewer {

constexpr double not_a_number = std::numeric_limits<double>::quiet_NaN();

void Viewer::draw_panels() {
    draw_curve_controls();
    auto& panels = panels_.all();
    if (panels.empty()) {
        ImGui::TextDisabled(choice_.filter.empty() ? "No curves yet."
                                                   : "No curve matches what you typed.");
        return;
    }
    const auto space = ImGui::GetContentRegionAvail();
    const auto count = static_cast<int>(panels.size());
    // If there are many panels, they are small, so that they can be compared at a glance.
    const float width = count > 12 ? 330 : count > 6 ? 430 : 600;
    const int columns =
        std::clamp(static_cast<int>(space.x / width), count == 1 ? 1 : 2, std::max(count, 1));
    const int rows = (count + columns - 1) / columns;
    const ImVec2 size = {
        space.x / static_cast<float>(columns) - 8,
        std::max(count > 6 ? 190.0F : 230.0F, space.y / static_cast<float>(rows) - 6)};
    int index = 0;
    PointedPlace pointed;
    for (auto& [name, panel] : panels) {
        if (index++ % columns != 0) {
            ImGui::SameLine();
        }
        if (const double x = draw_panel(name, panel, size); std::isfinite(x)) {
            pointed = {panel.x_name, x};
        }
    }
    pointed_ = pointed;  // the other panels show it in the next frame
}

double Viewer::draw_panel(const std::string& name, Panel& panel, ImVec2 size) {
    const auto corner = ImGui::GetCursorScreenPos();
    plot_under_pointer_ =
        plot_under_pointer_ ||
        ImGui::IsMouseHoveringRect(corner, {corner.x + size.x, corner.y + size.y});
    auto title = name;
    std::replace(title.begin(), title.end(), '_', ' ');
    const PlotLook look = {title,
                           panel.x_name,
                           choice_.logarithmic_x,
                           choice_.logarithmic,
                           choice_.labels,
                           cursor_,
                           theme_,
                           panel.x_name == pointed_.axis ? pointed_.x : not_a_number};
    const auto event = draw_plot(name.c_str(), size, look, panel.curves, *panel.view);
    if (event.clicked && event.pointed != nullptr) {
        ImGui::GetIO().KeyCtrl ? hide(event.pointed->keys) : isolate(event.pointed->keys);
    }
    if (ImGui::BeginPopupContextItem((name + " menu").c_str())) {
        for (const char* const extension : {"png", "svg", "csv"}) {
            if (ImGui::MenuItem((std::string("Save as ") + extension).c_str())) {
                save(name, panel, extension, corner, size);
            }
        }
        ImGui::EndPopup();
    }
    if (shortcut(GLFW_KEY_S)) {
        for (const char* const extension : {"png", "svg", "csv"}) {
            save(name, panel, extension, corner, size);
        }
    }
    return event.x;
}

void Viewer::save(const std::string& name, const Panel& panel, const std::string& extension,
                  ImVec2 corner, ImVec2 size) {
    if (extension == "png") {
        const auto window = ImGui::GetIO().DisplaySize;
        if (corner.y < 0 || corner.y + size.y > window.y + 1) {
            message_ = name + " was not saved as PNG because it is not visible";
        } else {
            wanted_.push_back({file_stem(name), corner, size});
        }
        return;
    }
    const auto path = unused_name(folder_, file_stem(name), extension);
    ExportPanel part = {name,
                        panel.x_name,
                        choice_.logarithmic,
                        choice_.logarithmic_x,
                        panel.view->x,
                        panel.view->y,
                        {}};
    for (const auto& curve : panel.curves) {
        part.curves.push_back({curve.name, curve.x, &curve.y, &curve.low, &curve.high,
                               to_rgb(curve.color), curve.faint, curve.dotted});
    }
    std::ofstream file(path);
    file << (extension == "svg" ? to_svg(part) : to_csv(part));
    message_ = (file.flush() ? "saved " : "cannot write ") + path.string();
}

void Viewer::drawn() {
    for (auto& wanted : wanted_) {
        if (--wanted.frames == 0) {
            const auto path = unused_name(folder_, wanted.stem, "png");
            const bool written = write_picture(
                path, static_cast<int>(wanted.corner.x), static_cast<int>(wanted.corner.y),
                static_cast<int>(wanted.size.x), static_cast<int>(wanted.size.y));
            message_ = (written ? "saved " : "cannot write ") + path.string();
        }
    }
    std::erase_if(wanted_, [](const Wanted& wanted) { return wanted.frames <= 0; });
}

}  // namespace hfc::viewer
