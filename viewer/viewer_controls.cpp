// The row of controls above all, and the runs with their legends at the left.
#include "run/control.h"
#include "viewer/viewer.h"
#include "viewer/window.h"

#include <GLFW/glfw3.h>
#include <imgui.h>

#include <algorithm>

namespace hfc::viewer {

void Viewer::draw_controls() {
    ImGui::SetNextItemWidth(110);
    int axis = static_cast<int>(choice_.axis);
    if (ImGui::Combo("x", &axis, "epoch\0step\0wall-clock\0")) {
        choice_.axis = static_cast<Axis>(axis);
        panels_.show_all();
    }
    ImGui::SameLine(0, 20);
    ImGui::SetNextItemWidth(160);
    ImGui::SliderFloat("smoothing", &choice_.smoothing, 0, 0.99F, "%.2f");
    ImGui::SameLine(0, 20);
    if (ImGui::Checkbox("logarithmic", &choice_.logarithmic) || pressed(GLFW_KEY_L)) {
        choice_.logarithmic = pressed(GLFW_KEY_L) ? !choice_.logarithmic : choice_.logarithmic;
        panels_.show_all();
    }
    ImGui::SameLine(0, 20);
    if (ImGui::Button("Show all") || pressed(GLFW_KEY_R)) {
        panels_.show_all();
    }
    ImGui::SameLine(0, 20);
    if (ImGui::Button(choice_.dark ? "Light" : "Dark") || pressed(GLFW_KEY_T)) {
        choice_.dark = !choice_.dark;
        apply_theme();
    }
    if (const int last = panels_.last_epoch(); last > 0) {
        int epoch = choice_.epoch < 0 ? last : std::min(choice_.epoch, last);
        ImGui::SameLine(0, 20);
        ImGui::SetNextItemWidth(160);
        if (ImGui::SliderInt("curves up to epoch", &epoch, 0, last)) {
            choice_.epoch = epoch == last ? -1 : epoch;
        }
    }
    ImGui::SameLine(0, 20);
    ImGui::TextDisabled("%s", message_.c_str());
}

void Viewer::draw_runs() {
    for (size_t i = 0; i < runs_.size(); ++i) {
        ImGui::PushID(static_cast<int>(i));
        ImGui::TextUnformatted(runs_[i]->name().c_str());
        ImGui::TextDisabled("%s", runs_[i]->last().c_str());
        if (const auto note = runs_[i]->note(); !note.empty()) {
            ImGui::TextWrapped("%s", note.c_str());
        }
        if (shown_[i]->status.running()) {
            draw_requests(*shown_[i]);
        }
        draw_legend(*runs_[i]);
        ImGui::Separator();
        ImGui::PopID();
    }
}

/// What hfc.train looks for between two batches.
void Viewer::draw_requests(const Shown& shown) {
    const auto& directory = shown.status.directory();
    const auto now = run::read_request(directory);
    const auto button = [&](const char* label, run::Request request) {
        if (ImGui::SmallButton(label) && !run::write_request(directory, request)) {
            message_ = directory.string() + " cannot be written";
        }
    };
    if (now == run::Request::pause) {
        button("Go on", run::Request::go_on);
    } else {
        button("Pause", run::Request::pause);
    }
    ImGui::SameLine();
    if (now == run::Request::stop) {
        button("Do not stop", run::Request::go_on);
    } else {
        button("Stop after this epoch", run::Request::stop);
    }
}

void Viewer::draw_legend(const RunData& run) {
    std::set<std::string, NaturalOrder> names;
    for (const auto& [panel, curves] : run.panels()) {
        for (const auto& [name, curve] : curves) {
            names.insert(name);
        }
    }
    for (const auto& [panel, curves] : run.whole_curves()) {
        for (const auto& [series, versions] : curves.by_series) {
            names.insert(series.empty() ? panel : series);
        }
    }
    for (const auto& name : names) {
        const auto key = Panels::key(run, name);
        const auto color = panels_.color(run, name, choice_.dark);
        const bool hidden = choice_.hidden.contains(key);
        const auto at = ImGui::GetCursorScreenPos();
        const float line = ImGui::GetTextLineHeight();
        ImGui::GetWindowDrawList()->AddRectFilled({at.x, at.y + 2}, {at.x + line - 2, at.y + line},
                                                  hidden ? theme_.grid : color, 3);
        ImGui::SetCursorScreenPos({at.x + line + 6, at.y});
        ImGui::PushStyleColor(ImGuiCol_Text, hidden ? theme_.faint : theme_.text);
        ImGui::PushID(key.c_str());
        if (ImGui::Selectable(name.c_str())) {
            hidden ? (void)choice_.hidden.erase(key) : (void)choice_.hidden.insert(key);
        }
        ImGui::PopID();
        ImGui::PopStyleColor();
    }
}

}  // namespace hfc::viewer
