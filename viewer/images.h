// The pictures of a run: the images that scripts log with run:image, and the figures.
#pragma once

#include "run/files.h"
#include "viewer/run_names.h"

#include <GL/gl.h>
#include <imgui.h>

#include <filesystem>
#include <map>
#include <string>

namespace hfc::viewer {

/// The pictures of a run directory: the files NAME.png, which have captions and headings, and the
/// files images/NAME-N.png, which show how a picture changed over time.
class Images {
  public:
    explicit Images(const std::filesystem::path& directory)
        : directory_(directory), folder_(directory / "images") {}

    /// Looks for new pictures and returns true if there are any.
    bool poll();
    bool empty() const { return files_.empty() && figures_.empty(); }
    /// Draws into the current ImGui window, with a slider over N for each NAME that has several
    /// pictures, and with captions if the log contains them. A figure is left out if the log
    /// describes the newest picture with the same NAME, because that picture has the same content.
    void draw(const std::map<std::string, Picture>& pictures);
    /// Moves all sliders by this many pictures.
    void move(int by);

  private:
    struct Shown {
        int number = 0;  ///< 0 means the newest
        /// The number of the picture to which `width` and `height` belong; 0 if there is none or if
        /// it cannot be read (the next frame then tries again).
        int measured = 0;
        std::filesystem::file_time_type written =
            std::filesystem::file_time_type::min();  ///< when that file was written
        unsigned texture = 0;
        bool in_texture = false;
        int width = 0, height = 0;
    };
    /// Reads the size of the picture, unless it is already known.
    static void look_at(const run::File& file, int number, Shown& shown);
    /// Loads the picture into the texture if its space in the window is visible. Otherwise removes
    /// the texture, so that only visible pictures use memory. Returns false if there is no picture
    /// to draw; its space is then left empty.
    static bool bring(const run::File& file, ImVec2 size, Shown& shown);
    static void draw_texture(const run::File& file, Shown& shown);
    /// Draws the picture cell by cell, with each cell's text. Returns false if the picture does not
    /// match its description in the log.
    static bool draw_cells(const run::File& file, Shown& shown, const Picture& picture);
    /// The log's description of a file, or null.
    static const Picture* told_of(const std::filesystem::path& file,
                                  const std::map<std::string, Picture>& pictures);
    void draw_figures(const std::map<std::string, Picture>& pictures);
    const run::File* choose(const std::string& name, const std::map<int, run::File>& files,
                            const std::map<std::string, Picture>& pictures);

    std::filesystem::path directory_, folder_;
    std::map<std::string, run::File> figures_;
    std::map<std::string, Shown> drawn_figures_;
    std::map<std::string, std::map<int, run::File>> files_;  ///< by NAME and N
    std::map<std::string, Shown> shown_;
};

}  // namespace hfc::viewer
