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
    int epoch = -1;                ///< of whole curves, show those up to this epoch; -1: all
    std::set<std::string> hidden;  ///< keys of curves

    bool operator==(const Choice&) const = default;
};

struct Panel {
    std::vector<PlotCurve> curves;
    PlotView view;
    bool whole = false;  ///< curves that were logged as a whole
    std::string x_name;  ///< of a whole curve; of others the axis chosen, or where no value has a
                         ///< place on it the first one where some have
};

/// What is learned before anything else, and how fast it went last; else by name.
struct PanelOrder {
    bool operator()(const std::string& left, const std::string& right) const;
};

class Panels {
  public:
    using Runs = std::vector<std::unique_ptr<RunData>>;
    using All = std::map<std::string, Panel, PanelOrder>;
    /// What a curve goes by in Choice::hidden, whatever other runs there are.
    static std::string key(const RunData& run, const std::string& curve) {
        return run.directory().string() + "\n" + curve;
    }
    /// What it is called: "run / curve" where there are several runs.
    static std::string full_name(const Runs& runs, const RunData& run, const std::string& curve) {
        return runs.size() > 1 ? run.name() + " / " + curve : curve;
    }

    /// Makes the curves anew where the runs or the choice have changed.
    void prepare(const Runs& runs, const Choice& choice, bool changed);
    All& all() { return panels_; }
    void show_all();
    /// The last epoch that whole curves were logged for; 0 where there are none, or none but one.
    int last_epoch() const { return last_epoch_; }
    /// A hue for the series and a shade of it for the probe ("natural: test"); the same for as long
    /// as the window is open, in the order of first sight.
    ImU32 color(const RunData& run, const std::string& curve, bool dark);

  private:
    void prepare_values(const Runs& runs, const Choice& choice, std::set<std::string>& known);
    void prepare_whole_curves(const Runs& runs, const Choice& choice, std::set<std::string>& known);

    Choice prepared_for_;
    bool prepared_ = false;
    int last_epoch_ = 0;
    All panels_;
    std::map<std::string, size_t> hues_, shades_;
};

/// A file name made of a panel's.
std::string file_stem(const std::string& panel);

}  // namespace hfc::viewer
