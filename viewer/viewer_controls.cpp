// The rows of controls, and the runs with their legends on the left.
#include "run/control.h"
#include "viewer/viewer.h"
#include "viewer/window_loop.h"

#include <GLFW/glfw3.h>
#include <imgui.h>

#include <algorithm>
#include <array>
#include <cstring>

namespace hfc::viewer {

void Viewer::draw_controls() {
    ImGui::SetNextItemWidth(110);
    int axis = static_cast<int>(choice_.axis);
    if (ImGui::Combo("x", &axis, "epoch\0step\0seconds\0")) {
        choice_.axis = static_cast<Axis>(axis);
        panels_.show_all();
    }
    ImGui::SameLine(0, 20);
    ImGui::SetNextItemWidth(160);
    ImGui::SliderFloat("smoothing", &choice_.smoothing, 0, 0.99F, "%.2f");
    ImGui::SameLine(0, 20);
    if (ImGui::Checkbox("logarithmic", &choice_.logarithmic) || shortcut(GLFW_KEY_L)) {
        choice_.logarithmic = shortcut(GLFW_KEY_L) ? !choice_.logarithmic : choice_.logarithmic;
        panels_.show_all();
    }
    ImGui::SameLine(0, 20);
    if (ImGui::Button("Show all")) {
        panels_.show_all();
    }
    ImGui::SameLine(0, 20);
    if (ImGui::Button(choice_.dark ? "Light" : "Dark") || shortcut(GLFW_KEY_T)) {
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
    ImGui::TextDisabled("%s", message_.empty() ? "H: keys" : message_.c_str());
}

/// Draws the controls above the panels of curves.
void Viewer::draw_curve_controls() {
    std::array<char, 200> typed = {};
    std::strncpy(typed.data(), choice_.filter.c_str(), typed.size() - 1);
    ImGui::SetNextItemWidth(180);
    if (typing_wanted_) {
        ImGui::SetKeyboardFocusHere();
    }
    if (ImGui::InputTextWithHint("##filter", "type to filter (/)", typed.data(), typed.size())) {
        choice_.filter = typed.data();
    }
    ImGui::SameLine(0, 16);
    ImGui::SetNextItemWidth(120);
    int split = static_cast<int>(choice_.split);
    if (ImGui::Combo("panels", &split, split_names.data(), static_cast<int>(split_names.size()))) {
        choice_.split = static_cast<Split>(split);
    }
    ImGui::SameLine(0, 16);
    if (ImGui::Checkbox("logarithmic x", &choice_.logarithmic_x) || shortcut(GLFW_KEY_X)) {
        choice_.logarithmic_x =
            shortcut(GLFW_KEY_X) ? !choice_.logarithmic_x : choice_.logarithmic_x;
        panels_.show_all();
    }
    ImGui::SameLine(0, 16);
    ImGui::Checkbox("names", &choice_.labels);
    if (runs_.size() > 1) {
        ImGui::SameLine(0, 16);
        ImGui::Checkbox("bands", &choice_.bands);
    }
    if (!choice_.hidden.empty()) {
        ImGui::SameLine(0, 16);
        if (ImGui::Button("Show hidden")) {
            choice_.hidden.clear();
        }
    }
}

void Viewer::draw_run_head(size_t run) {
    const auto& data = *runs_[run];
    ImGui::TextUnformatted(data.name().c_str());
    if (const auto settings = run::label_of(differing_, run);
        !settings.empty() && settings != data.name()) {
        ImGui::TextWrapped("%s", settings.c_str());
    }
    ImGui::TextDisabled("%s", data.last().c_str());
    if (const auto note = data.note(); !note.empty()) {
        ImGui::TextWrapped("%s", note.c_str());
    }
    if (shown_[run]->status.running()) {
        draw_requests(*shown_[run]);
    }
}

void Viewer::draw_runs() {
    for (size_t group = 0; group < groups_.size(); ++group) {
        const auto& members = groups_[group].runs;
        ImGui::PushID(static_cast<int>(group));
        if (members.size() > 1) {
            const auto title = (groups_[group].label.empty() ? "" : groups_[group].label + ": ") +
                               std::to_string(members.size()) + " runs";
            if (!ImGui::CollapsingHeader(title.c_str())) {
                draw_legend(group);
                ImGui::PopID();
                continue;
            }
        }
        for (size_t run = 0; run < runs_.size(); ++run) {
            if (std::find(members.begin(), members.end(), runs_[run].get()) != members.end()) {
                ImGui::PushID(static_cast<int>(run));
                draw_run_head(run);
                ImGui::PopID();
            }
        }
        draw_legend(group);
        ImGui::Separator();
        ImGui::PopID();
    }
}

/// Draws buttons for the requests that hfc.train reads between two batches.
void Viewer::draw_requests(const Shown& shown) {
    const auto& directory = shown.status.directory();
    const auto now = run::read_request(directory);
    const auto button = [&](const char* label, run::Request request) {
        if (ImGui::SmallButton(label) && !run::write_request(directory, request)) {
            message_ = "cannot write " + directory.string();
        }
    };
    if (now == run::Request::pause) {
        button("Continue", run::Request::go_on);
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

void Viewer::draw_legend(size_t group) {
    if (group >= panels_.legend().size()) {
        return;
    }
    for (const auto& line : panels_.legend()[group]) {
        if (!line.matches) {
            continue;
        }
        const bool hidden = std::all_of(line.keys.begin(), line.keys.end(), [&](const auto& key) {
            return choice_.hidden.contains(key);
        });
        const auto at = ImGui::GetCursorScreenPos();
        const float height = ImGui::GetTextLineHeight();
        const auto color = hidden ? theme_.grid : line.color;
        auto& list = *ImGui::GetWindowDrawList();
        if (line.dotted) {
            for (float dot = 0; dot < height - 4; dot += 6) {
                list.AddRectFilled({at.x + dot, at.y + height / 2 - 1},
                                   {at.x + dot + 3, at.y + height / 2 + 2}, color);
            }
        } else {
            list.AddRectFilled({at.x, at.y + 2}, {at.x + height - 2, at.y + height}, color, 3);
        }
        ImGui::SetCursorScreenPos({at.x + height + 6, at.y});
        ImGui::PushStyleColor(ImGuiCol_Text, hidden ? theme_.faint : theme_.text);
        ImGui::PushID(line.keys.front().c_str());
        if (ImGui::Selectable(line.name.c_str(), line.keys.front() == cursor_)) {
            if (ImGui::GetIO().KeyCtrl) {
                isolate(line.keys);
            } else {
                for (const auto& key : line.keys) {
                    hidden ? (void)choice_.hidden.erase(key) : (void)choice_.hidden.insert(key);
                }
            }
        }
        ImGui::PopID();
        ImGui::PopStyleColor();
    }
}

}  // namespace hfc::viewer
