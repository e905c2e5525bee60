// What is drawn of the runs' curves, prepared once after each change instead of in each frame.
#pragma once

#include "viewer/choice.h"
#include "viewer/plot.h"
#include "viewer/run_data.h"
#include "viewer/series_name.h"

#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

namespace hfc::viewer {

/// Runs that are one in the panels: a single one, or those that differ only in their seed.
struct RunGroup {
    std::string label;  ///< before the names of its curves; empty where there is nothing to tell
    std::vector<const RunData*> runs;
};

struct Panel {
    std::string quantity;  ///< "accuracy"
    std::vector<PlotCurve> curves;
    std::shared_ptr<PlotView> view;  ///< shared by the panels of one quantity
    std::string x_name;  ///< of a whole curve; of others the axis chosen, or where no value has a
                         ///< place on it the first one where some have
};

/// What is learned before anything else, and how fast it went last; else by name.
struct PanelOrder {
    bool operator()(const std::string& left, const std::string& right) const;
};

/// A line of the legend.
struct LegendEntry {
    std::string name;
    std::vector<std::string> keys;  ///< one for each run of the group
    ImU32 color = 0;
    bool dotted = false;
    bool matches = true;  ///< what was typed
};

class Panels {
  public:
    using Groups = std::vector<RunGroup>;
    using All = std::map<std::string, Panel, PanelOrder>;
    /// What a curve goes by in Choice::hidden, whatever other runs there are.
    static std::string key(const RunData& run, const std::string& curve) {
        return run.directory().string() + "\n" + curve;
    }

    /// Makes the curves anew where the runs or the choice have changed.
    void prepare(const Groups& groups, const Choice& choice, bool changed);
    All& all() { return panels_; }
    /// Of each group, in their order.
    const std::vector<std::vector<LegendEntry>>& legend() const { return legend_; }
    /// All curves that can be hidden.
    std::set<std::string> keys() const;
    void show_all();
    /// The last epoch that whole curves were logged for; 0 where there are none, or none but one.
    int last_epoch() const { return last_epoch_; }

  private:
    /// One curve of the panels: of one run, or of all runs of a group.
    struct Entry {
        size_t group = 0;
        std::string quantity, name;
        SeriesName parsed;
        std::string full_name;
        std::vector<const RunData*> runs;
        std::vector<const Curve*> curves;                ///< of the runs; or
        const std::vector<Version>* versions = nullptr;  ///< a curve logged as a whole
        std::string x_name;                              ///< of that
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
    std::map<std::string, size_t> shades_ = {{"", 0}};  ///< a series itself has its full colour
};

/// A file name made of a panel's.
std::string file_stem(const std::string& panel);

}  // namespace hfc::viewer
