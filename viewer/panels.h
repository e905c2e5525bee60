// Prepares the runs' curves for drawing, after each change rather than in every frame.
#pragma once

#include "viewer/choice.h"
#include "viewer/plot.h"
#include "viewer/run_names.h"
#include "viewer/series_name.h"

#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

namespace hfc::viewer {

/// Runs that are drawn as one: a single run, or runs that differ only in their seed.
struct RunGroup {
    std::string label;  ///< text in front of the names of its curves; empty if it is not needed
    std::vector<const RunData*> runs;
};

struct Panel {
    std::string quantity;  ///< "accuracy"
    std::vector<PlotCurve> curves;
    std::shared_ptr<PlotView> view;  ///< shared by the panels of one quantity
    /// The horizontal axis. A curve that was logged as a whole has its own axis. All other curves
    /// use the chosen axis or, if no value has a position on it, the first of epoch, step and time
    /// for which there are positions.
    std::string x_name;
};

/// Puts the quantities that users most want to see first, and the training speed last. The others
/// are sorted by name.
struct PanelOrder {
    bool operator()(const std::string& left, const std::string& right) const;
};

/// A line of the legend.
struct LegendEntry {
    std::string name;
    std::vector<std::string> keys;  ///< one per run of the group
    ImU32 color = 0;
    bool dotted = false;
    bool matches = true;  ///< whether it matches the typed text
};

class Panels {
  public:
    using Groups = std::vector<RunGroup>;
    using All = std::map<std::string, Panel, PanelOrder>;
    /// The key of a curve in Choice::hidden; it does not depend on the other runs.
    static std::string key(const RunData& run, const std::string& curve) {
        return run.directory().string() + "\n" + curve;
    }

    /// Prepares the curves again if the runs or the choice have changed.
    void prepare(const Groups& groups, const Choice& choice, bool changed);
    All& all() { return panels_; }
    /// One list per group, in order.
    const std::vector<std::vector<LegendEntry>>& legend() const { return legend_; }
    /// The keys of all curves that can be hidden.
    std::set<std::string> keys() const;
    void show_all();
    /// The last epoch for which a whole curve was logged; 0 if there is no choice, because each
    /// curve was logged only once.
    int last_epoch() const { return last_epoch_; }

  private:
    /// One curve in a panel: from one run, or from all runs of a group.
    struct Entry {
        size_t group = 0;
        std::string quantity, name;
        SeriesName parsed;
        std::string full_name;
        std::vector<const RunData*> runs;
        std::vector<const Curve*> curves;                ///< the curves of the runs; or
        const std::vector<Version>* versions = nullptr;  ///< a curve logged as a whole
        std::string x_name;                              ///< for a whole curve
        bool matches = true;
    };
    void gather(const Groups& groups, const Choice& choice);
    void gather_values(const RunGroup& group, size_t number);
    void gather_whole_curves(const RunGroup& group, size_t number);
    void make_legend(const Groups& groups, const Choice& choice);
    void style(const Entry& entry, const Choice& choice, ImU32& color, bool& dotted);
    void add_quantity(const std::string& quantity, std::vector<const Entry*>& entries,
                      const Choice& choice);
    void add_values(const Entry& entry, Axis axis, const Choice& choice, Panel& panel);
    void add_versions(const Entry& entry, const Choice& choice, Panel& panel);
    Panel& panel_of(const Entry& entry, Split split);

    Choice prepared_for_;
    bool prepared_ = false;
    int last_epoch_ = 0;
    All panels_;
    std::vector<Entry> entries_;
    std::vector<std::vector<LegendEntry>> legend_;
    std::vector<double> radii_;
    std::map<std::string, std::shared_ptr<PlotView>> views_;
    std::set<std::string> known_;
    std::map<std::string, size_t> hues_;
    std::map<std::string, size_t> shades_ = {{"", 0}};  ///< a series itself has the full colour
};

/// A file name made from the title of a panel.
std::string file_stem(const std::string& panel);

}  // namespace hfc::viewer
