// The contents of the window, and the user's choices.
#pragma once

#include "run/differing.h"
#include "run/growing_tables.h"
#include "run/run_status.h"
#include "viewer/images.h"
#include "viewer/layout_file.h"
#include "viewer/panels.h"
#include "viewer/run_names.h"
#include "viewer/settings.h"
#include "viewer/window_loop.h"

#include <chrono>
#include <limits>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

namespace hfc::viewer {

class Viewer : public Content {
  public:
    Viewer(const Settings& settings, const Layout& layout);

    /// Reads new data for about this many seconds at most. Returns true if there is something to
    /// draw. This is called once per frame, but directories are searched only a few times per
    /// second.
    bool poll(double seconds) override;
    /// Whether there is more to do right away: data to read, or a picture to save.
    bool more() const override;
    /// Draws one frame with ImGui.
    void draw() override;
    /// Saves the requested pictures of panels. Call it when the frame's pixels are complete but not
    /// yet shown.
    void drawn() override;
    /// The layout to save for the next session.
    Layout layout() const;

  private:
    /// One run directory, with all data read from it.
    struct Shown {
        explicit Shown(const std::filesystem::path& directory)
            : status(directory), tables(directory), images(directory) {}
        run::RunStatus status;
        run::GrowingTables tables;
        Images images;
    };
    /// A picture of a part of the window, which is saved once the menu that requested it has
    /// closed.
    struct Wanted {
        std::string stem;
        ImVec2 corner, size;
        int frames = 3;
    };
    /// The pointer's position in one panel; the other panels mark it as well.
    struct PointedPlace {
        std::string axis;
        double x = std::numeric_limits<double>::quiet_NaN();
    };
    /// A table as it is drawn: its source, and the order of its rows.
    struct SortedTable {
        run::CsvRows source, shown;
        std::vector<size_t> order;
        int column = -1;
        bool descending = false;
    };

    void add(const std::filesystem::path& directory);
    void name_runs();
    /// Adds the runs in a directory, except those that started before `since` (seconds since 1970).
    /// Returns true if it finds any.
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
    /// Returns the pointer's position on the horizontal axis, or NaN.
    double draw_panel(const std::string& name, Panel& panel, ImVec2 size);
    void draw_images();
    void draw_tables();
    void draw_table(const std::string& name, const run::CsvRows& rows);
    void draw_status();
    run::CsvRows differing_table() const;
    /// Writes the panel to the working directory, in the format given by `extension`: svg, csv or
    /// png.
    void save(const std::string& name, const Panel& panel, const std::string& extension,
              ImVec2 corner, ImVec2 size);

    Settings settings_;
    Choice choice_;
    Theme theme_ = {};
    Panels panels_;
    Panels::Groups groups_;
    run::Differing differing_;
    bool grouped_ = true;  ///< whether the groups were made with bands
    bool changed_ = true;  ///< whether anything has changed since the panels were prepared
    bool plot_under_pointer_ = false, help_ = false, typing_wanted_ = false;
    int tab_ = 0, wanted_tab_ = 0;  ///< the visible tab; the tab to open, or -1
    int scroll_ = 0;                ///< the number of pages to scroll
    float side_ = 250;
    PointedPlace pointed_;
    std::string cursor_;  ///< key of the curve selected with the keyboard
    std::chrono::steady_clock::time_point folders_read_ = {};
    std::filesystem::path folder_;  ///< the directory in which panels are saved
    std::string message_;           ///< a message about the last saved file
    std::vector<Wanted> wanted_;
    std::vector<std::unique_ptr<RunData>> runs_;
    std::vector<std::unique_ptr<Shown>> shown_;  ///< one per run, in order
    std::set<std::filesystem::path> known_;
    std::map<std::string, SortedTable> sorted_;
};

}  // namespace hfc::viewer
