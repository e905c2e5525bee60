#include "viewer/viewer.h"

#include <imgui.h>
#include <sys/stat.h>

#include <algorithm>
#include <iterator>
#include <map>
#include <string_view>
#include <utility>

namespace hfc::viewer {

namespace fs = std::filesystem;

namespace {

struct PathOrder {
    bool operator()(const fs::path& a, const fs::path& b) const {
        return natural_less(a.native(), b.native());
    }
};

/// The settings of the experiment: the options of the script, and where it ran. The start time and
/// the process are not included, because they differ between any two runs.
run::RunSettings experiment_settings(const run::RunSettings& all) {
    static const std::set<std::string_view> others = {"name", "device", "threads", "dataset",
                                                      "commit"};
    run::RunSettings settings;
    std::ranges::copy_if(all, std::back_inserter(settings), [](const auto& setting) {
        return setting.first.starts_with("options.") || others.contains(setting.first);
    });
    return settings;
}

/// Whether the settings are a better label than the directory's name, which contains a time.
bool have_short_labels(const run::Differing& settings) {
    constexpr size_t most_bytes = 32;
    std::set<std::string> labels;
    for (size_t run = 0; run < settings.labels.size(); ++run) {
        const auto label = run::label_of(settings, run, false);
        if (label.empty() || label.size() > most_bytes || !labels.insert(label).second) {
            return false;
        }
    }
    return !labels.empty();
}

}  // namespace

Viewer::Viewer(const Settings& settings, const Layout& layout)
    : settings_(settings), choice_(layout.choice), side_(static_cast<float>(layout.side)) {
    std::error_code unreadable;
    folder_ = fs::current_path(unreadable);
    choice_.dark = settings.dark.value_or(choice_.dark);
    wanted_tab_ = settings.tab.value_or(layout.tab);
    help_ = settings.help;
    for (const auto& run : settings.runs) {
        add(run);
    }
    apply_theme();
}

Layout Viewer::layout() const {
    Layout layout;
    layout.choice = choice_;
    layout.tab = tab_;
    layout.side = static_cast<int>(side_);
    return layout;
}

void Viewer::add(const fs::path& directory) {
    std::error_code error;
    auto path = fs::weakly_canonical(fs::absolute(directory, error), error);
    path = error ? directory : path;
    if (known_.insert(path).second) {
        runs_.push_back(std::make_unique<RunData>(path));
        shown_.push_back(std::make_unique<Shown>(path));
        name_runs();
        make_groups();
    }
}

/// Names each run by the last directories of its path, as many as are needed to distinguish all
/// runs.
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

bool Viewer::find_runs_in(const fs::path& folder, long since) {
    std::set<fs::path, PathOrder> found;
    std::error_code error;
    for (auto entry = fs::directory_iterator(folder, error);
         !error && entry != fs::directory_iterator(); entry.increment(error)) {
        struct stat status = {};
        if (::stat((entry->path() / "config.json").c_str(), &status) == 0 &&
            status.st_mtime >= since) {
            found.insert(entry->path());
        }
    }
    std::for_each(found.begin(), found.end(), [this](const auto& path) { add(path); });
    return !found.empty();
}

/// Looks for runs in the directory of new runs and in each given directory that contains runs (such
/// as a sweep's directory) and is not itself a run.
void Viewer::find_new_runs() {
    if (!settings_.new_runs.empty()) {
        find_runs_in(settings_.new_runs, settings_.since);
    }
    for (const auto& given : settings_.runs) {
        if (!find_runs_in(given, 0)) {
            continue;
        }
        for (size_t i = 0; i < runs_.size(); ++i) {
            std::error_code error;
            if (!runs_[i]->exists() && fs::equivalent(runs_[i]->directory(), given, error)) {
                runs_.erase(runs_.begin() + static_cast<ptrdiff_t>(i));
                shown_.erase(shown_.begin() + static_cast<ptrdiff_t>(i));
                name_runs();
                make_groups();
            }
        }
    }
}

/// Runs that differ only in their seed are one group, unless the user wants no groups. A group is
/// labelled with its settings, or with its directory if the settings are long or equal to those of
/// another group.
void Viewer::make_groups() {
    std::vector<run::RunSettings> settings;
    for (const auto& shown : shown_) {
        settings.push_back(experiment_settings(shown->status.settings()));
    }
    differing_ = run::differing(settings);
    const auto& names = differing_.names;
    grouped_ = choice_.bands;
    const bool repeated = grouped_ && std::find(names.begin(), names.end(), "seed") != names.end();
    const bool short_labels = grouped_ && have_short_labels(differing_);
    groups_.clear();
    std::map<std::string, size_t> by_settings;
    for (size_t i = 0; i < runs_.size(); ++i) {
        const auto text = run::label_of(differing_, i, false);
        if (!repeated || settings[i].empty()) {
            const auto& name = short_labels ? text : runs_[i]->name();
            groups_.push_back({runs_.size() > 1 ? name : "", {runs_[i].get()}});
            continue;
        }
        const auto [place, is_new] = by_settings.emplace(text, groups_.size());
        if (is_new) {
            groups_.push_back({text, {}});
        }
        groups_[place->second].runs.push_back(runs_[i].get());
    }
    changed_ = true;
}

bool Viewer::poll_folders() {
    const auto now = std::chrono::steady_clock::now();
    if (now - folders_read_ < std::chrono::milliseconds(200)) {
        return false;
    }
    folders_read_ = now;
    find_new_runs();
    bool changed = false, settings = false;
    for (const auto& shown : shown_) {
        changed = shown->images.poll() || changed;
        changed = shown->tables.poll() || changed;
        settings = shown->status.poll() || settings;
    }
    if (settings) {
        make_groups();
    }
    return changed || settings;
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
        style.Colors[ImGuiCol_Text] = {0.84F, 0.85F, 0.87F, 1};
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
    take_keys();
    if (grouped_ != choice_.bands) {
        make_groups();
    }
    panels_.prepare(groups_, choice_, std::exchange(changed_, false));
    ImGui::SetNextWindowPos({0, 0});
    ImGui::SetNextWindowSize(io.DisplaySize);
    ImGui::Begin("hfc", nullptr,
                 ImGuiWindowFlags_NoDecoration | ImGuiWindowFlags_NoMove |
                     ImGuiWindowFlags_NoBringToFrontOnFocus);
    draw_controls();
    ImGui::BeginChild("legend", {side_, 0}, true);
    draw_runs();
    ImGui::EndChild();
    draw_side_handle();
    // Over a plot, the wheel zooms instead of scrolling.
    ImGui::BeginChild("panels", {0, 0}, false,
                      plot_under_pointer_ ? ImGuiWindowFlags_NoScrollWithMouse : 0);
    plot_under_pointer_ = false;
    ImGui::SetScrollY(ImGui::GetScrollY() + 0.9F * ImGui::GetWindowHeight() *
                                                static_cast<float>(std::exchange(scroll_, 0)));
    if (ImGui::BeginTabBar("what")) {
        const int wanted = std::exchange(wanted_tab_, -1);
        auto tab = [&, number = 0](const char* name, void (Viewer::*draw_tab)()) mutable {
            const auto flags = wanted == number ? ImGuiTabItemFlags_SetSelected : 0;
            if (ImGui::BeginTabItem(name, nullptr, flags)) {
                tab_ = number;
                (this->*draw_tab)();
                ImGui::EndTabItem();
            }
            ++number;
        };
        tab("Curves", &Viewer::draw_panels);
        tab("Images", &Viewer::draw_images);
        tab("Tables", &Viewer::draw_tables);
        tab("Status", &Viewer::draw_status);
        ImGui::EndTabBar();
    }
    ImGui::EndChild();
    ImGui::End();
    draw_help();
}

/// Draws the handle between the list and the panels; dragging it changes the width of the list.
void Viewer::draw_side_handle() {
    ImGui::SameLine(0, 0);
    ImGui::InvisibleButton("side", {ImGui::GetStyle().ItemSpacing.x, -1});
    if (ImGui::IsItemHovered() || ImGui::IsItemActive()) {
        ImGui::SetMouseCursor(ImGuiMouseCursor_ResizeEW);
    }
    if (ImGui::IsItemActive()) {
        side_ = std::clamp(ImGui::GetIO().MousePos.x - ImGui::GetStyle().WindowPadding.x, 120.0F,
                           std::max(130.0F, ImGui::GetIO().DisplaySize.x / 2));
    }
    ImGui::SameLine(0, 0);
}

}  // namespace hfc::viewer
