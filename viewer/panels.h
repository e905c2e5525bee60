// What is drawn of the runs' curves, prepared once after each change instead of in each frame.
#pragma once

#include "viewer/plot.h"
#include "viewer/run_data.h"

#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

namespace hfc::viewer {

/// What the user has chosen of all panels.
struct Choice {
    Axis axis = Axis::epoch;
    float smoothing = 0;  ///< weight of the moving average, in [0,1)
    bool logarithmic = false;
    bool dark = true;
    std::set<std::string> hidden;  ///< full names of curves

    bool operator==(const Choice&) const = default;
};

struct Panel {
    std::vector<PlotCurve> curves;
    PlotView view;
};

class Panels {
  public:
    /// "run / curve" where there are several runs.
    static std::string full_name(const std::vector<std::unique_ptr<RunData>>& runs, const RunData& run, const std::string& curve) {
        return runs.size() > 1 ? run.name() + " / " + curve : curve;
    }

    /// Makes the curves anew where the runs or the choice have changed.
    void prepare(const std::vector<std::unique_ptr<RunData>>& runs, const Choice& choice, bool changed);
    std::map<std::string, Panel>& all() { return panels_; }
    void show_all();
    /// A hue for the series and a shade of it for the probe ("natural: test"); the same for as long as the window is open, in the order of
    /// first sight.
    ImU32 color(const std::string& full_name, bool dark);

  private:
    Choice prepared_for_;
    bool prepared_ = false;
    std::map<std::string, Panel> panels_;
    std::map<std::string, size_t> hues_, shades_;
};

/// A file name made of a panel's.
std::string file_stem(const std::string& panel);

}  // namespace hfc::viewer
