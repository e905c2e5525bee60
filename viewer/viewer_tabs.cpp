// The viewer's tabs other than the curves.
#include "viewer/table_view.h"
#include "viewer/viewer.h"

#include <imgui.h>

#include <algorithm>

namespace hfc::viewer {

/// Draws a table, sorted by the column whose header was clicked, with a sensible number of digits.
void Viewer::draw_table(const std::string& name, const run::CsvRows& rows) {
    constexpr size_t most_columns = 64;  // ImGui's own limit
    const size_t columns = rows.empty() ? 0 : std::min(rows[0].size(), most_columns);
    ImGui::TextUnformatted(name.c_str());
    constexpr size_t fitting_columns = 12, most_rows = 30;
    const auto& style = ImGui::GetStyle();
    const float line = ImGui::GetTextLineHeight() + 2 * style.CellPadding.y;
    const bool wide = columns > fitting_columns;
    const float height = static_cast<float>(std::min(rows.size(), most_rows)) * line + 4 +
                         (wide ? style.ScrollbarSize : 0);
    const auto flags = ImGuiTableFlags_Borders | ImGuiTableFlags_RowBg |
                       ImGuiTableFlags_SizingFixedFit | (wide ? ImGuiTableFlags_ScrollX : 0) |
                       ImGuiTableFlags_ScrollY | ImGuiTableFlags_Sortable |
                       ImGuiTableFlags_SortTristate | ImGuiTableFlags_Resizable;
    if (columns == 0 ||
        !ImGui::BeginTable(name.c_str(), static_cast<int>(columns), flags, {0, height})) {
        return;
    }
    ImGui::TableSetupScrollFreeze(0, 1);
    for (size_t column = 0; column < columns; ++column) {
        ImGui::TableSetupColumn(rows[0][column].c_str());
    }
    ImGui::TableHeadersRow();
    auto& sorted = sorted_[name];
    const auto* const specs = ImGui::TableGetSortSpecs();
    const bool is_sorted = specs != nullptr && specs->SpecsCount > 0;
    const int column = is_sorted ? specs->Specs[0].ColumnIndex : -1;
    const bool descending =
        is_sorted && specs->Specs[0].SortDirection == ImGuiSortDirection_Descending;
    if (sorted.source != rows || sorted.column != column || sorted.descending != descending) {
        sorted = {rows, readable(rows), {}, column, descending};
        for (size_t row = 1; column < 0 && row < rows.size(); ++row) {
            sorted.order.push_back(row);
        }
        if (column >= 0) {
            sorted.order = sorted_rows(rows, static_cast<size_t>(column), descending);
        }
    }
    ImGuiListClipper clipper;
    clipper.Begin(static_cast<int>(sorted.order.size()));
    while (clipper.Step()) {
        for (int row = clipper.DisplayStart; row < clipper.DisplayEnd; ++row) {
            ImGui::TableNextRow();
            const auto number = sorted.order[static_cast<size_t>(row)];
            const auto& fields = sorted.shown[number];
            for (size_t field = 0; field < std::min(columns, fields.size()); ++field) {
                ImGui::TableSetColumnIndex(static_cast<int>(field));
                ImGui::TextUnformatted(fields[field].c_str());
                if (ImGui::IsItemHovered() && fields[field] != rows[number][field]) {
                    ImGui::SetTooltip("%s", rows[number][field].c_str());
                }
            }
        }
    }
    ImGui::EndTable();
}

/// One row per run, with the settings that differ between runs.
run::CsvRows Viewer::differing_table() const {
    run::CsvRows rows = {{"run"}};
    rows[0].insert(rows[0].end(), differing_.names.begin(), differing_.names.end());
    for (size_t i = 0; i < runs_.size(); ++i) {
        rows.push_back({runs_[i]->name()});
        rows.back().insert(rows.back().end(), differing_.values[i].begin(),
                           differing_.values[i].end());
    }
    return rows;
}

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
    if (!differing_.names.empty()) {
        none = false;
        draw_table("Settings that differ", differing_table());
    }
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
