// Reads a run's curves and pictures from its log while the log grows, for programs that show runs.
// Without LibTorch.
#pragma once

#include "base/natural_order.h"
#include "run/curve.h"
#include "run/tail.h"

#include <nlohmann/json_fwd.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <filesystem>
#include <limits>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace hfc::run {

/// The limits on the data kept for a run, whatever its log contains.
struct RunDataLimits {
    size_t points_per_curve = size_t{1} << 20;
    size_t points = size_t{1} << 23;  ///< of all curves together
    size_t curves = 1000;
};
inline constexpr size_t longest_name = 200;  ///< in bytes, of a panel or series

/// A curve that was logged as a whole (run:curve), usually once per epoch.
struct Version {
    double epoch = std::numeric_limits<double>::quiet_NaN();
    std::vector<double> x, y;
};

struct WholeCurves {
    std::string x_name;
    std::map<std::string, std::vector<Version>, NaturalOrder>
        by_series;  ///< the versions of each series, in the order in which they were logged
};

/// The log's description of a file images/NAME-N.png (run:image).
struct Picture {
    size_t columns = 0, rows = 0;
    std::vector<std::string> captions, headings;  ///< one per cell, one per row; or none
    std::string where;                            ///< "natural, epoch 3"
};

/// The numbers in the last event that ended an epoch; NaN if they are missing.
struct Latest {
    std::string series;
    double epoch = std::numeric_limits<double>::quiet_NaN();
    double images_per_second = epoch, epoch_seconds = epoch;
};

/// One run, which is read while it grows.
class RunData {
  public:
    explicit RunData(const std::filesystem::path& directory, const RunDataLimits& limits = {});

    /// Reads new data for at most about this many seconds. Returns true if anything has changed.
    bool poll(double seconds = 0.25);

    /// The last component of the path, unless rename() has set another name.
    const std::string& name() const { return name_; }
    void rename(std::string name) { name_ = std::move(name); }
    /// Without a slash at the end.
    const std::filesystem::path& directory() const { return directory_; }
    /// panel ("loss", "accuracy") -> name of the curve ("natural", "natural: train") -> curve
    const std::map<std::string, Curves>& panels() const { return panels_; }
    /// name -> the curves logged by run:curve
    const std::map<std::string, WholeCurves>& whole_curves() const { return whole_curves_; }
    /// "images/NAME-N.png" -> its description
    const std::map<std::string, Picture>& pictures() const { return pictures_; }
    /// Sentences about what has not been read or cannot be shown; empty if there is nothing to
    /// report.
    std::string note() const;
    bool exists() const { return exists_; }
    bool more() const { return more_; }
    /// "natural, epoch 3, 12.5 s": the position of the last event.
    const std::string& last() const { return last_; }
    const Latest& latest() const { return latest_; }
    /// The last lines, each truncated to 500 bytes.
    const std::deque<std::string>& tail() const { return lines_kept_; }
    /// Processes one line of metrics.jsonl. Never throws, whatever the line contains.
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
    RunDataLimits limits_;
    std::string name_;
    Tail tail_;
    std::map<std::string, Curves> panels_;
    std::map<std::string, WholeCurves> whole_curves_;
    std::map<std::string, Picture> pictures_;
    size_t points_ = 0, curves_ = 0;  ///< in the panels
    size_t whole_points_ = 0, caption_bytes_ = 0, thinned_ = 0;
    bool too_many_ = false;
    std::string last_;
    Latest latest_;
    std::deque<std::string> lines_kept_;
    bool exists_ = false, more_ = false;
    uint64_t lines_ = 0, foreign_ = 0, overlong_ = 0, first_foreign_ = 0;
};

}  // namespace hfc::run
