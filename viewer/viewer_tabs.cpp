// The viewer's tabs besides the curves.
#include "viewer/viewer.h"

#include <imgui.h>

#include <algorithm>

namespace hfc::viewer {
namespace {

void draw_table(const std::string& name, const Rows& rows) {
    constexpr size_t most_columns = 64;  // ImGui's own limit
    const size_t columns = rows.empty() ? 0 : std::min(rows[0].size(), most_columns);
    ImGui::TextUnformatted(name.c_str());
    const float height = static_cast<float>(std::min<size_t>(rows.size() + 1, 30)) *
                         ImGui::GetTextLineHeightWithSpacing() * 1.15F;
    constexpr auto flags = ImGuiTableFlags_Borders | ImGuiTableFlags_RowBg |
                           ImGuiTableFlags_SizingFixedFit | ImGuiTableFlags_ScrollX |
                           ImGuiTableFlags_ScrollY;
    if (columns == 0 ||
        !ImGui::BeginTable(name.c_str(), static_cast<int>(columns), flags, {0, height})) {
        return;
    }
    for (size_t column = 0; column < columns; ++column) {
        ImGui::TableSetupColumn(rows[0][column].c_str());
    }
    ImGui::TableHeadersRow();
    ImGuiListClipper clipper;
    clipper.Begin(static_cast<int>(rows.size()) - 1);
    while (clipper.Step()) {
        for (int row = clipper.DisplayStart; row < clipper.DisplayEnd; ++row) {
            ImGui::TableNextRow();
            const auto& fields = rows[static_cast<size_t>(row) + 1];
            for (size_t column = 0; column < std::min(columns, fields.size()); ++column) {
                ImGui::TableSetColumnIndex(static_cast<int>(column));
                ImGui::TextUnformatted(fields[column].c_str());
            }
        }
    }
    ImGui::EndTable();
}

}  // namespace

void Viewer::draw_images() {
    bool none = true;
    for (size_t i = 0; i < runs_.size(); ++i) {
        if (shown_[i]->images.empty()) {
            continue;
        }
        none = false;
        if (runs_.size() > 1) {
            ImGui::TextDisabled("%s", runs_[i]->name().c_str());
        }
        ImGui::PushID(static_cast<int>(i));
        shown_[i]->images.draw(runs_[i]->pictures());
        ImGui::PopID();
    }
    if (none) {
        ImGui::TextDisabled("No figures or images yet (run:plot, run:image).");
    }
}

void Viewer::draw_tables() {
    bool none = true;
    for (size_t i = 0; i < runs_.size(); ++i) {
        ImGui::PushID(static_cast<int>(i));
        for (const auto& [name, rows] : shown_[i]->tables.all()) {
            none = false;
            draw_table(runs_.size() > 1 ? runs_[i]->name() + ": " + name : name, rows);
        }
        ImGui::PopID();
    }
    if (none) {
        ImGui::TextDisabled("No tables yet (run:row).");
    }
}

void Viewer::draw_status() {
    for (size_t i = 0; i < runs_.size(); ++i) {
        const auto& status = shown_[i]->status;
        ImGui::TextUnformatted(status.directory().c_str());
        ImGui::TextUnformatted(status.running() ? "running" : "not running");
        if (const auto speed = status.speed(*runs_[i]); !speed.empty()) {
            ImGui::TextUnformatted(speed.c_str());
        }
        if (ImGui::BeginTable(("settings " + std::to_string(i)).c_str(), 2,
                              ImGuiTableFlags_RowBg | ImGuiTableFlags_SizingFixedFit)) {
            for (const auto& [name, value] : status.settings()) {
                ImGui::TableNextRow();
                ImGui::TableSetColumnIndex(0);
                ImGui::TextDisabled("%s", name.c_str());
                ImGui::TableSetColumnIndex(1);
                ImGui::TextUnformatted(value.c_str());
            }
            ImGui::EndTable();
        }
        ImGui::TextDisabled("metrics.jsonl");
        for (const auto& line : runs_[i]->tail()) {
            ImGui::TextUnformatted(line.c_str());
        }
        ImGui::Separator();
    }
}

}  // namespace hfc::viewer
