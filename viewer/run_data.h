// What a run directory says, as curves.
#pragma once

#include "base/natural_order.h"
#include "viewer/tail.h"

#include <nlohmann/json_fwd.hpp>

#include <array>
#include <deque>
#include <filesystem>
#include <limits>
#include <map>
#include <string>
#include <vector>

namespace hfc::viewer {

/// Brackets within brackets of a text that is read at all: more than any event or config.json has.
inline constexpr int deepest_nesting = 64;

/// What the horizontal axis shows.
enum class Axis { epoch, step, time };

/// What is kept of a run, whatever its file holds.
inline constexpr size_t most_points = size_t{1} << 20;  ///< of a curve
inline constexpr size_t most_points_in_all = size_t{1} << 23;
inline constexpr size_t most_curves = 1000;
inline constexpr size_t longest_name = 200;

/// What may go by with reading what is new before the next frame: while the user moves something,
/// and while he only looks.
inline constexpr double seconds_a_frame = 0.015, seconds_a_look = 0.25;

/// One curve: values with their place on each axis, in the order logged. A value that was not
/// finite is NaN, a gap in the curve; a place that the event did not give is NaN.
struct Curve {
    std::array<std::vector<double>, 3> x;  ///< by Axis
    std::vector<double> y;

    const std::vector<double>& along(Axis axis) const { return x[static_cast<size_t>(axis)]; }
    void add(const std::array<double, 3>& place, double value);
    /// Keeps of each four points the lowest and the highest, of those that come later as many.
    void thin();
    bool thinned() const { return each_ > 1; }

  private:
    void push(const std::array<double, 3>& place, double value);
    void copy(size_t from, size_t to);

    size_t each_ = 1;  ///< so many points of the file make two here: their lowest and their highest
    size_t gathered_ = 0;  ///< of them, in the last two
};

/// By name.
using Curves = std::map<std::string, Curve, NaturalOrder>;

/// A curve that was logged as a whole (run:curve), once or, mostly, once an epoch.
struct Version {
    double epoch = std::numeric_limits<double>::quiet_NaN();
    std::vector<double> x, y;
};

struct WholeCurves {
    std::string x_name;
    std::map<std::string, std::vector<Version>, NaturalOrder>
        by_series;  ///< of each the versions in the order logged
};

/// What the log says of a file images/NAME-N.png (run:image).
struct Picture {
    size_t columns = 0, rows = 0;
    std::vector<std::string> captions, headings;  ///< one a cell, one a row; or none
    std::string what;                             ///< "natural, epoch 3"
};

/// Of the last event that ended an epoch; NaN where it did not say.
struct Latest {
    std::string series;
    double epoch = std::numeric_limits<double>::quiet_NaN();
    double images_per_second = epoch, epoch_seconds = epoch;
};

/// One run, followed while it grows.
class RunData {
  public:
    explicit RunData(const std::filesystem::path& directory);

    /// Reads what is new, for about so many seconds at most; true when anything changed.
    bool poll(double seconds = seconds_a_frame);

    /// The last folders of the directory: one, unless rename() said more.
    const std::string& name() const { return name_; }
    void rename(std::string name) { name_ = std::move(name); }
    /// Without a slash at its end.
    const std::filesystem::path& directory() const { return directory_; }
    /// panel ("loss", "accuracy") -> name of the curve ("natural", "natural: train") -> curve
    const std::map<std::string, Curves>& panels() const { return panels_; }
    /// name -> what run:curve logged
    const std::map<std::string, WholeCurves>& whole_curves() const { return whole_curves_; }
    /// "images/NAME-N.png" -> what is in it
    const std::map<std::string, Picture>& pictures() const { return pictures_; }
    /// How far a long reading is and what could not be shown, in sentences; empty when nothing.
    std::string note() const;
    bool exists() const { return exists_; }
    bool more() const { return more_; }
    /// "series natural, epoch 3, 12.5 s": of the last event.
    const std::string& last() const { return last_; }
    const Latest& latest() const { return latest_; }
    /// The last lines as they are, each cut off after 500 bytes.
    const std::deque<std::string>& tail() const { return lines_kept_; }
    /// Takes one line of metrics.jsonl; never throws for what a line may hold.
    void take(const std::string& line);

  private:
    void clear();
    void take_values(const nlohmann::json& event, const std::string& series);
    void take_whole_curve(const nlohmann::json& event, const std::string& series);
    void take_picture(const nlohmann::json& event, const std::string& what);
    void add(const std::string& panel, const std::string& name, const std::array<double, 3>& place,
             double value);
    void thin(Curve& curve);
    Curve& longest_curve();

    std::filesystem::path directory_;
    std::string name_;
    Tail tail_;
    std::map<std::string, Curves> panels_;
    std::map<std::string, WholeCurves> whole_curves_;
    std::map<std::string, Picture> pictures_;
    size_t points_ = 0, curves_ = 0;  ///< of the panels
    size_t whole_points_ = 0, caption_bytes_ = 0, thinned_ = 0;
    bool too_many_ = false;
    std::string last_;
    Latest latest_;
    std::deque<std::string> lines_kept_;
    bool exists_ = false, more_ = false;
    uint64_t lines_ = 0, foreign_ = 0, overlong_ = 0, first_foreign_ = 0;
};

}  // namespace hfc::viewer
