// What a run directory says, as curves.
#pragma once

#include "viewer/tail.h"

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

/// One curve: values with their place on each axis, in the order logged. A value that was not finite is NaN, a gap in the curve; a place
/// that the event did not give is NaN.
struct Curve {
    std::array<std::vector<double>, 3> x;  ///< by Axis
    std::vector<double> y;

    const std::vector<double>& along(Axis axis) const { return x[static_cast<size_t>(axis)]; }
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
    explicit RunData(std::filesystem::path directory);

    /// Reads what is new, at most some megabytes; true when anything changed.
    bool poll();

    const std::string& name() const { return name_; }
    /// panel ("loss", "accuracy") -> name of the curve ("natural", "natural: train") -> curve
    const std::map<std::string, std::map<std::string, Curve>>& panels() const { return panels_; }
    /// What could not be shown, in a sentence; empty when nothing.
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

    std::string name_;
    Tail tail_;
    std::map<std::string, std::map<std::string, Curve>> panels_;
    std::string last_;
    Latest latest_;
    std::deque<std::string> lines_kept_;
    bool exists_ = false, more_ = false;
    uint64_t lines_ = 0, foreign_ = 0, overlong_ = 0, first_foreign_ = 0;
};

}  // namespace hfc::viewer
