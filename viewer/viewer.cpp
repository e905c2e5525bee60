#include "viewer/viewer.h"

#include "viewer/export.h"
#include "viewer/window.h"

#include <GLFW/glfw3.h>
#include <imgui.h>
#include <sys/stat.h>

#include <algorithm>
#include <fstream>
#include <utility>

namespace hfc::viewer {

namespace fs = std::filesystem;

Viewer::Viewer(const Settings& settings) : settings_(settings) {
    std::error_code unreadable;
    folder_ = fs::current_path(unreadable);
    choice_.dark = settings.dark;
    for (const auto& run : settings.runs) {
        add(run);
    }
    apply_theme();
}

void Viewer::add(const fs::path& directory) {
    std::error_code error;
    auto path = fs::weakly_canonical(fs::absolute(directory, error), error);
    path = error ? directory : path;
    if (known_.insert(path).second) {
        runs_.push_back(std::make_unique<RunData>(path));
        shown_.push_back(std::make_unique<Shown>(path));
        name_runs();
    }
}

/// By as many folders from the end as it takes to tell all runs apart.
void Viewer::name_runs() {
    constexpr int most_folders = 16;
    for (int folders = 1; folders <= most_folders; ++folders) {
        std::set<std::string> names;
        for (const auto& run : runs_) {
            auto rest = run->directory();
            auto name = rest.filename();
            for (int i = 1; i < folders && rest.has_relative_path(); ++i) {
                rest = rest.parent_path();
                name = rest.filename() / name;
            }
            names.insert(name.string());
            run->rename(name.string());
        }
        if (names.size() == runs_.size()) {
            return;
        }
    }
}

void Viewer::find_new_runs() {
    std::error_code error;
    for (auto entry = fs::directory_iterator(settings_.new_runs, error);
         !error && entry != fs::directory_iterator(); entry.increment(error)) {
        struct stat status = {};
        if (::stat((entry->path() / "config.json").c_str(), &status) == 0 &&
            status.st_mtime >= settings_.since) {
            add(entry->path());
        }
    }
}

bool Viewer::poll_folders() {
    const auto now = std::chrono::steady_clock::now();
    if (now - folders_read_ < std::chrono::milliseconds(200)) {
        return false;
    }
    folders_read_ = now;
    find_new_runs();
    bool changed = false;
    for (const auto& shown : shown_) {
        changed = shown->images.poll() || changed;
        changed = shown->tables.poll() || changed;
        changed = shown->status.poll() || changed;
    }
    return changed;
}

bool Viewer::poll(double seconds) {
    const bool folders = poll_folders();
    bool curves = false;
    for (const auto& run : runs_) {
        curves = run->poll(seconds / static_cast<double>(runs_.size())) || curves;
    }
    changed_ = changed_ || curves;
    return curves || folders || !wanted_.empty();
}

bool Viewer::more() const {
    return !wanted_.empty() ||
           std::any_of(runs_.begin(), runs_.end(), [](const auto& run) { return run->more(); });
}

void Viewer::apply_theme() {
    choice_.dark ? ImGui::StyleColorsDark() : ImGui::StyleColorsLight();
    auto& style = ImGui::GetStyle();
    style.WindowRounding = 0;
    style.FrameRounding = 4;
    if (choice_.dark) {
        style.Colors[ImGuiCol_WindowBg] = {0.09F, 0.10F, 0.12F, 1};
        theme_ = {IM_COL32(16, 17, 21, 255), IM_COL32(48, 51, 58, 255),
                  IM_COL32(214, 217, 222, 255), IM_COL32(110, 115, 125, 255)};
    } else {
        style.Colors[ImGuiCol_WindowBg] = {0.96F, 0.96F, 0.97F, 1};
        theme_ = {IM_COL32(255, 255, 255, 255), IM_COL32(228, 229, 232, 255),
                  IM_COL32(40, 42, 48, 255), IM_COL32(150, 153, 160, 255)};
    }
}

void Viewer::draw() {
    const auto& io = ImGui::GetIO();
    panels_.prepare(runs_, choice_, std::exchange(changed_, false));
    ImGui::SetNextWindowPos({0, 0});
    ImGui::SetNextWindowSize(io.DisplaySize);
    ImGui::Begin("hfc", nullptr,
                 ImGuiWindowFlags_NoDecoration | ImGuiWindowFlags_NoMove |
                     ImGuiWindowFlags_NoBringToFrontOnFocus);
    draw_controls();
    ImGui::BeginChild("legend", {250, 0}, true);
    draw_runs();
    ImGui::EndChild();
    ImGui::SameLine();
    // The wheel over a plot is the plot's.
    ImGui::BeginChild("panels", {0, 0}, false,
                      plot_under_pointer_ ? ImGuiWindowFlags_NoScrollWithMouse : 0);
    plot_under_pointer_ = false;
    if (ImGui::BeginTabBar("what")) {
        auto tab = [&, number = 0](const char* name, void (Viewer::*draw_tab)()) mutable {
            const bool begin_here = first_frame_ && settings_.tab == number;
            ++number;
            if (ImGui::BeginTabItem(name, nullptr,
                                    begin_here ? ImGuiTabItemFlags_SetSelected : 0)) {
                (this->*draw_tab)();
                ImGui::EndTabItem();
            }
        };
        tab("Curves", &Viewer::draw_panels);
        tab("Images", &Viewer::draw_images);
        tab("Tables", &Viewer::draw_tables);
        tab("Status", &Viewer::draw_status);
        ImGui::EndTabBar();
    }
    ImGui::EndChild();
    ImGui::End();
    first_frame_ = false;
}

void Viewer::draw_panels() {
    auto& panels = panels_.all();
    if (panels.empty()) {
        ImGui::TextDisabled("No curves yet.");
        return;
    }
    const auto space = ImGui::GetContentRegionAvail();
    const int columns = panels.size() == 1 ? 1 : space.x > 1500 ? 3 : 2;
    const int rows = (static_cast<int>(panels.size()) + columns - 1) / columns;
    const ImVec2 size = {space.x / static_cast<float>(columns) - 8,
                         std::max(230.0F, space.y / static_cast<float>(rows) - 6)};
    int index = 0;
    for (auto& [name, panel] : panels) {
        if (index++ % columns != 0) {
            ImGui::SameLine();
        }
        draw_panel(name, panel, size);
    }
}

void Viewer::draw_panel(const std::string& name, Panel& panel, ImVec2 size) {
    const auto corner = ImGui::GetCursorScreenPos();
    plot_under_pointer_ =
        plot_under_pointer_ ||
        ImGui::IsMouseHoveringRect(corner, {corner.x + size.x, corner.y + size.y});
    draw_plot(name.c_str(), size, name, panel.x_name, choice_.logarithmic, panel.curves, theme_,
              panel.view);
    if (ImGui::BeginPopupContextItem((name + " menu").c_str())) {
        for (const char* const extension : {"png", "svg", "csv"}) {
            if (ImGui::MenuItem((std::string("Save as ") + extension).c_str())) {
                save(name, panel, extension, corner, size);
            }
        }
        ImGui::EndPopup();
    }
    if (pressed(GLFW_KEY_S)) {
        for (const char* const extension : {"png", "svg", "csv"}) {
            save(name, panel, extension, corner, size);
        }
    }
}

void Viewer::save(const std::string& name, const Panel& panel, const std::string& extension,
                  ImVec2 corner, ImVec2 size) {
    if (extension == "png") {
        const auto window = ImGui::GetIO().DisplaySize;
        if (corner.y < 0 || corner.y + size.y > window.y + 1) {
            message_ = name + " is not saved as png: it is not in sight";
        } else {
            wanted_.push_back({file_stem(name), corner, size});
        }
        return;
    }
    const auto path = unused_name(folder_, file_stem(name), extension);
    ExportPanel part = {name, panel.x_name, choice_.logarithmic, panel.view.x, panel.view.y, {}};
    for (const auto& curve : panel.curves) {
        const uint32_t red = (curve.color >> IM_COL32_R_SHIFT) & 0xFF,
                       green = (curve.color >> IM_COL32_G_SHIFT) & 0xFF,
                       blue = (curve.color >> IM_COL32_B_SHIFT) & 0xFF;
        part.curves.push_back(
            {curve.name, curve.x, &curve.y, red << 16 | green << 8 | blue, curve.faint});
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
