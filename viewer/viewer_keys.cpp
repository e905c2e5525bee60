// The keyboard shortcuts, and the page that lists them.
#include "viewer/viewer.h"
#include "viewer/window_loop.h"

#include <GLFW/glfw3.h>
#include <imgui.h>

#include <algorithm>
#include <array>
#include <utility>

namespace hfc::viewer {
namespace {

constexpr std::array<std::pair<const char*, const char*>, 25> help_lines = {{
    {"/", "type to filter the curves (\"nl4\": natural, low, r=4)"},
    {"Esc", "clear what you typed and show all curves"},
    {"Up, Down", "choose a curve"},
    {"Enter", "show only the chosen curve; press again to show all curves"},
    {"Space", "hide or show the chosen curve"},
    {"A", "show all curves"},
    {"E", "next horizontal axis: epoch, step, seconds"},
    {"L, X", "logarithmic vertical or horizontal axis"},
    {"[, ]", "less or more smoothing"},
    {"P", "change how curves are grouped into panels"},
    {"B", "show a band for runs that differ only in their seed, or each run separately"},
    {"N", "show or hide the names at the ends of the lines"},
    {"+, -", "zoom in or out"},
    {"R", "show the whole range"},
    {"Left, Right", "previous or next epoch of images and curves"},
    {"Page Up, Page Down", "scroll"},
    {"1, 2, 3, 4", "curves, images, tables, status"},
    {"S", "save all panels as PNG, SVG and CSV"},
    {"T", "light or dark theme"},
    {"H, F1", "show or hide this list"},
    {"Q", "close the window"},
    {"mouse on a plot", "drag: zoom to a rectangle; wheel: zoom (with Shift: only horizontally)"},
    {"click a line",
     "show only this curve (with Ctrl: hide it); double click: show the whole range"},
    {"click a name", "hide or show the curve; with Ctrl: show only this curve"},
    {"right click", "save one panel"},
}};

}  // namespace

void Viewer::hide(const std::vector<std::string>& keys) {
    choice_.hidden.insert(keys.begin(), keys.end());
}

void Viewer::isolate(const std::vector<std::string>& keys) {
    auto others = panels_.keys();
    for (const auto& key : keys) {
        others.erase(key);
    }
    choice_.hidden = choice_.hidden == others ? std::set<std::string>() : std::move(others);
}

const LegendEntry* Viewer::entry_at_cursor() const {
    for (const auto& lines : panels_.legend()) {
        for (const auto& line : lines) {
            if (!cursor_.empty() && line.keys.front() == cursor_) {
                return &line;
            }
        }
    }
    return nullptr;
}

void Viewer::move_cursor(int by) {
    std::vector<const LegendEntry*> lines;
    for (const auto& of_group : panels_.legend()) {
        for (const auto& line : of_group) {
            if (line.matches) {
                lines.push_back(&line);
            }
        }
    }
    if (lines.empty()) {
        return;
    }
    const auto now = std::find_if(lines.begin(), lines.end(),
                                  [&](const auto* line) { return line->keys.front() == cursor_; });
    const auto last = static_cast<int>(lines.size()) - 1;
    const int place =
        now == lines.end() ? (by > 0 ? 0 : last) : static_cast<int>(now - lines.begin()) + by;
    cursor_ = lines[static_cast<size_t>(std::clamp(place, 0, last))]->keys.front();
}

void Viewer::move_epoch(int by) {
    if (tab_ == 1) {
        for (const auto& shown : shown_) {
            shown->images.move(by);
        }
    } else if (const int last = panels_.last_epoch(); last > 0) {
        const int epoch = std::clamp((choice_.epoch < 0 ? last : choice_.epoch) + by, 0, last);
        choice_.epoch = epoch == last ? -1 : epoch;
    }
}

void Viewer::take_curve_keys() {
    const auto* const chosen = entry_at_cursor();
    if (shortcut(GLFW_KEY_ESCAPE)) {
        choice_.filter.clear();
        choice_.hidden.clear();
        cursor_.clear();
    }
    if (shortcut(GLFW_KEY_A)) {
        choice_.hidden.clear();
    }
    if (const int by = (shortcut(GLFW_KEY_DOWN) ? 1 : 0) - (shortcut(GLFW_KEY_UP) ? 1 : 0);
        by != 0) {
        move_cursor(by);
    }
    if (chosen != nullptr && shortcut(GLFW_KEY_ENTER)) {
        isolate(chosen->keys);
    }
    if (chosen != nullptr && shortcut(GLFW_KEY_SPACE)) {
        const bool hidden = choice_.hidden.contains(chosen->keys.front());
        for (const auto& key : chosen->keys) {
            hidden ? (void)choice_.hidden.erase(key) : (void)choice_.hidden.insert(key);
        }
    }
}

void Viewer::take_keys() {
    if (shortcut(GLFW_KEY_H) || shortcut(GLFW_KEY_F1)) {
        help_ = !help_;
    } else if (help_ && shortcut(GLFW_KEY_ESCAPE)) {
        help_ = false;
        return;
    }
    for (int tab = 0; tab < 4; ++tab) {
        wanted_tab_ = shortcut(GLFW_KEY_1 + tab) ? tab : wanted_tab_;
    }
    typing_wanted_ = shortcut(GLFW_KEY_SLASH);
    if (typing_wanted_) {
        wanted_tab_ = 0;
    }
    take_curve_keys();
    if (const int by = (shortcut(GLFW_KEY_RIGHT) ? 1 : 0) - (shortcut(GLFW_KEY_LEFT) ? 1 : 0);
        by != 0) {
        move_epoch(by);
    }
    scroll_ = (shortcut(GLFW_KEY_PAGE_DOWN) ? 1 : 0) - (shortcut(GLFW_KEY_PAGE_UP) ? 1 : 0);
    if (shortcut(GLFW_KEY_E)) {
        choice_.axis = static_cast<Axis>((static_cast<int>(choice_.axis) + 1) % 3);
        panels_.show_all();
    }
    if (shortcut(GLFW_KEY_P)) {
        choice_.split =
            static_cast<Split>((static_cast<size_t>(choice_.split) + 1) % split_names.size());
    }
    choice_.bands = choice_.bands != shortcut(GLFW_KEY_B);
    choice_.labels = choice_.labels != shortcut(GLFW_KEY_N);
    constexpr float step = 0.1F, most = 0.99F;
    const float more = (shortcut(GLFW_KEY_RIGHT_BRACKET) ? step : 0) -
                       (shortcut(GLFW_KEY_LEFT_BRACKET) ? step : 0);
    if (more != 0) {
        choice_.smoothing = std::clamp(choice_.smoothing + more, 0.0F, most);
    }
    if (shortcut(GLFW_KEY_R)) {
        panels_.show_all();
    }
    constexpr double closer = 0.8;
    const bool in = shortcut(GLFW_KEY_EQUAL) || shortcut(GLFW_KEY_KP_ADD);
    const bool out = shortcut(GLFW_KEY_MINUS) || shortcut(GLFW_KEY_KP_SUBTRACT);
    if (in || out) {
        std::set<PlotView*> views;
        for (const auto& [name, panel] : panels_.all()) {
            views.insert(panel.view.get());
        }
        for (auto* const view : views) {
            zoom_around_middle(*view, in ? closer : 1 / closer);
        }
    }
}

void Viewer::draw_help() {
    if (!help_) {
        return;
    }
    const auto size = ImGui::GetIO().DisplaySize;
    ImGui::SetNextWindowPos({size.x / 2, size.y / 2}, ImGuiCond_Always, {0.5F, 0.5F});
    ImGui::SetNextWindowFocus();
    ImGui::Begin(
        "Keys", &help_,
        ImGuiWindowFlags_AlwaysAutoResize | ImGuiWindowFlags_NoCollapse | ImGuiWindowFlags_NoMove);
    if (ImGui::BeginTable("keys", 2, ImGuiTableFlags_SizingFixedFit | ImGuiTableFlags_RowBg)) {
        for (const auto& [key, meaning] : help_lines) {
            ImGui::TableNextRow();
            ImGui::TableSetColumnIndex(0);
            ImGui::TextUnformatted(key);
            ImGui::TableSetColumnIndex(1);
            ImGui::TextUnformatted(meaning);
        }
        ImGui::EndTable();
    }
    ImGui::End();
}

}  // namespace hfc::viewer
