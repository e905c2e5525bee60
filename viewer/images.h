// The pictures of a run: figures as they are drawn, and the images that scripts log (run:image) as
// they follow one another.
#pragma once

#include "viewer/files.h"
#include "viewer/run_data.h"

#include <GL/gl.h>
#include <imgui.h>

#include <filesystem>
#include <map>
#include <string>

namespace hfc::viewer {

/// NAME.png of one run directory, which have captions and headings, and images/NAME-N.png, which
/// show how they came about.
class Images {
  public:
    explicit Images(const std::filesystem::path& directory)
        : directory_(directory), folder_(directory / "images") {}

    /// Looks for new ones; true when there are.
    bool poll();
    bool empty() const { return files_.empty() && figures_.empty(); }
    /// In the current ImGui window, with a slider over N for each NAME that has several, and
    /// captions where the log tells them. A figure that shows the same as such images is left out.
    void draw(const std::map<std::string, Picture>& pictures);
    /// All sliders by so many pictures.
    void move(int by);

  private:
    struct Shown {
        int number = 0;    ///< 0: the newest
        int measured = 0;  ///< number of the one whose size this is; 0: none, or one that cannot be
                           ///< read, which is tried in each frame
        std::filesystem::file_time_type written =
            std::filesystem::file_time_type::min();  ///< of that file
        unsigned texture = 0;
        bool in_texture = false;
        int width = 0, height = 0;
    };
    /// Its size, unless that is known.
    static void look_at(const File& file, int number, Shown& shown);
    /// Into the texture, where the next `size` of the window is in sight; out of it where not, so
    /// that memory holds what is seen. False where it is not there, and its place is left empty.
    static bool bring(const File& file, ImVec2 size, Shown& shown);
    static void draw_texture(const File& file, Shown& shown);
    /// Cell by cell, with what is written at them; false where the picture is not the one that the
    /// log describes.
    static bool draw_cells(const File& file, Shown& shown, const Picture& picture);
    /// What the log tells of a file, or null.
    static const Picture* told_of(const std::filesystem::path& file,
                                  const std::map<std::string, Picture>& pictures);
    void draw_figures(const std::map<std::string, Picture>& pictures);
    const File* choose(const std::string& name, const std::map<int, File>& files,
                       const std::map<std::string, Picture>& pictures);

    std::filesystem::path directory_, folder_;
    std::map<std::string, File> figures_;
    std::map<std::string, Shown> drawn_figures_;
    std::map<std::string, std::map<int, File>> files_;  ///< by NAME and N
    std::map<std::string, Shown> shown_;
};

}  // namespace hfc::viewer
