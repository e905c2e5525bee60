// The pictures that scripts log (run:image), as they follow one another.
#pragma once

#include <GL/gl.h>

#include <filesystem>
#include <map>
#include <string>

namespace hfc::viewer {

/// images/NAME-N.png of one run directory.
class Images {
  public:
    explicit Images(std::filesystem::path directory) : folder_(std::move(directory) / "images") {}

    /// Looks for new ones; true when there are.
    bool poll();
    bool empty() const { return files_.empty(); }
    /// In the current ImGui window, with a slider over N for each NAME.
    void draw();

  private:
    struct Shown {
        int number = 0;  ///< 0: the newest
        int loaded = 0;  ///< number of the one in the texture; -1: it could not be read
        unsigned texture = 0;
        int width = 0, height = 0;
    };
    void load(const std::filesystem::path& file, Shown& shown) const;

    std::filesystem::path folder_;
    std::map<std::string, std::map<int, std::filesystem::path>> files_;
    std::map<std::string, Shown> shown_;
};

}  // namespace hfc::viewer
