// All that the window shows, and what the user has chosen of it.
#pragma once

#include "viewer/images.h"
#include "viewer/panels.h"
#include "viewer/run_data.h"
#include "viewer/run_status.h"
#include "viewer/settings.h"
#include "viewer/tables.h"

#include <chrono>
#include <memory>
#include <set>
#include <string>
#include <vector>

namespace hfc::viewer {

class Viewer {
  public:
    explicit Viewer(const Settings& settings);

    /// Reads what is new, for about so many seconds at most; true when there is something to draw.
    /// Folders are looked through some times a second at most, however often it is called: that is
    /// once a frame.
    bool poll(double seconds = seconds_a_frame);
    /// Whether there is more to read, or a picture to take, at once.
    bool more() const;
    /// One frame, in ImGui.
    void draw();
    /// To be called when the frame's pixels stand and before they are shown: takes pictures of
    /// panels that were asked for.
    void drawn();

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

    void add(const std::filesystem::path& directory);
    void name_runs();
    void find_new_runs();
    bool poll_folders();
    void apply_theme();
    void draw_controls();
    void draw_runs();
    void draw_requests(const Shown& shown);
    void draw_legend(const RunData& run);
    void draw_panels();
    void draw_panel(const std::string& name, Panel& panel, ImVec2 size);
    void draw_images();
    void draw_tables();
    void draw_status();
    /// Writes the panel as `extension` says, svg, csv or png, to the working directory.
    void save(const std::string& name, const Panel& panel, const std::string& extension,
              ImVec2 corner, ImVec2 size);

    Settings settings_;
    Choice choice_;
    Theme theme_ = {};
    Panels panels_;
    bool changed_ = true;  ///< since the panels were prepared
    bool first_frame_ = true, plot_under_pointer_ = false;
    std::chrono::steady_clock::time_point folders_read_ = {};
    std::filesystem::path folder_;  ///< where panels are saved
    std::string message_;           ///< of what was saved last
    std::vector<Wanted> wanted_;
    std::vector<std::unique_ptr<RunData>> runs_;
    std::vector<std::unique_ptr<Shown>> shown_;  ///< of the runs, in their order
    std::set<std::filesystem::path> known_;
};

}  // namespace hfc::viewer
