// All that the window shows, and what the user has chosen of it.
#pragma once

#include "viewer/differing.h"
#include "viewer/images.h"
#include "viewer/layout_file.h"
#include "viewer/panels.h"
#include "viewer/run_data.h"
#include "viewer/run_status.h"
#include "viewer/settings.h"
#include "viewer/tables.h"
#include "viewer/window_loop.h"

#include <chrono>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

namespace hfc::viewer {

class Viewer : public Content {
  public:
    Viewer(const Settings& settings, const Layout& layout);

    /// Reads what is new, for about so many seconds at most; true when there is something to draw.
    /// Folders are looked through some times a second at most, however often it is called: that is
    /// once a frame.
    bool poll(double seconds) override;
    /// Whether there is more to read, or a picture to take, at once.
    bool more() const override;
    /// One frame, in ImGui.
    void draw() override;
    /// To be called when the frame's pixels stand and before they are shown: takes pictures of
    /// panels that were asked for.
    void drawn() override;
    /// What to remember.
    Layout layout() const;

  private:
    /// One run directory with all that is read of it.
    struct Shown {
        explicit Shown(const std::filesystem::path& directory)
            : status(directory), tables(directory), images(directory) {}
        RunStatus status;
        Tables tables;
        Images images;
    };
    /// A picture of a part of the window, taken when the menu that asked for it is gone.
    struct Wanted {
        std::string stem;
        ImVec2 corner, size;
        int frames = 3;
    };
    /// A table as it is drawn: what it was made of, and the order of its rows.
    struct SortedTable {
        Rows source, shown;
        std::vector<size_t> order;
        int column = -1;
        bool descending = false;
    };

    void add(const std::filesystem::path& directory);
    void name_runs();
    /// Runs in a folder, none begun before `since` (seconds since 1970); true if there is any.
    bool find_runs_in(const std::filesystem::path& folder, long since);
    void find_new_runs();
    void make_groups();
    bool poll_folders();
    void apply_theme();

    void take_keys();
    void take_curve_keys();
    void move_cursor(int by);
    void move_epoch(int by);
    void hide(const std::vector<std::string>& keys);
    void isolate(const std::vector<std::string>& keys);
    const LegendEntry* entry_at_cursor() const;
    void draw_help();

    void draw_controls();
    void draw_side_handle();
    void draw_curve_controls();
    void draw_runs();
    void draw_run_head(size_t run);
    void draw_requests(const Shown& shown);
    void draw_legend(size_t group);
    void draw_panels();
    void draw_panel(const std::string& name, Panel& panel, ImVec2 size);
    void draw_images();
    void draw_tables();
    void draw_table(const std::string& name, const Rows& rows);
    void draw_status();
    Rows differing_table() const;
    /// Writes the panel as `extension` says, svg, csv or png, to the working directory.
    void save(const std::string& name, const Panel& panel, const std::string& extension,
              ImVec2 corner, ImVec2 size);

    Settings settings_;
    Choice choice_;
    Theme theme_ = {};
    Panels panels_;
    Panels::Groups groups_;
    Differing differing_;
    bool grouped_ = true;  ///< the groups were made with bands
    bool changed_ = true;  ///< since the panels were prepared
    bool plot_under_pointer_ = false, help_ = false, typing_wanted_ = false;
    int tab_ = 0, wanted_tab_ = 0;  ///< the one shown; the one to go to, or -1
    int scroll_ = 0;                ///< pages to scroll
    float side_ = 250;
    std::string cursor_;  ///< key of the curve chosen by the keyboard
    std::chrono::steady_clock::time_point folders_read_ = {};
    std::filesystem::path folder_;  ///< where panels are saved
    std::string message_;           ///< of what was saved last
    std::vector<Wanted> wanted_;
    std::vector<std::unique_ptr<RunData>> runs_;
    std::vector<std::unique_ptr<Shown>> shown_;  ///< of the runs, in their order
    std::set<std::filesystem::path> known_;
    std::map<std::string, SortedTable> sorted_;
};

}  // namespace hfc::viewer
