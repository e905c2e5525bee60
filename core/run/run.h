// The run directory: all that one run of a script leaves behind, readable while it grows.
//
//   config.json     options, seed, versions, device, command line, start time
//   script.lua      a copy of the script
//   metrics.jsonl   one event a line, flushed as it happens:
//   {"series":"natural","epoch":1,"loss":2.1,"accuracy":{"train":0.3}} checkpoints/    training-1,
//   training-2 ...: a folder of checkpoints for each training NAME.csv .md    tables NAME.svg .png
//   figures images/NAME-1.png  the pictures of Run::image without captions, at their own size,
//   counted from 1 for each name
//
// Every line of metrics.jsonl is valid JSON: numbers that are not finite become null, text that is
// not UTF-8 gets U+FFFD.
#pragma once

#include "plot/image_grid.h"
#include "run/event_log.h"
#include "run/figure.h"
#include "run/table_file.h"

#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace hfc::run {

struct RunOptions {
    std::string name;  ///< of the experiment: the default directory is runs/NAME-YYYYMMDD-HHMMSS
    std::filesystem::path out;     ///< the directory itself, where the user chose one
    std::filesystem::path script;  ///< copied, where given
    Json config = Json::object();  ///< written to config.json as it is
    bool draws = true;             ///< start gnuplot for figures; else their programs are kept
    bool silent = false;  ///< write nothing: another process of the job keeps the run in `out`
    bool resume = false;  ///< go on with the run in `out`: its config and script stay, and its log
                          ///< is taken up again
};

/// A curve that is logged as a whole, such as a spectrum.
struct WholeCurve {
    std::vector<double> y;
    std::vector<double> x = {};  ///< as many as y, finite; empty: 0, 1, 2 ...
    std::string x_name = {};     ///< what x is
};

class Run {
  public:
    /// Makes the directory, which must not exist or be empty: an earlier run is never overwritten
    /// (the default name gets -2, -3 … where taken). Throws Error naming the directory when it
    /// holds something or cannot be written; nothing is then left behind.
    explicit Run(const RunOptions& options);
    /// Writes what is left to write of the tables; so does the end of the process.
    ~Run();
    Run(const Run&) = delete;
    Run& operator=(const Run&) = delete;
    const std::filesystem::path& directory() const { return directory_; }
    /// Whether another process of the job keeps this run: nothing is written or drawn here, and
    /// what is told is only checked.
    bool silent() const { return silent_; }

    /// EventLog::append() on metrics.jsonl.
    void log(const Json& event);

    /// Adds a row (column name -> number, text, boolean or null) to table `name`: NAME.csv has it
    /// at once, NAME.md with one of the next ones or at the run's end (see TableFile). Columns keep
    /// the order of first use. A row that cannot be written is not kept.
    void row(const std::string& table, const Json& row);

    /// Draws curves of the logged events by gnuplot and returns the paths of NAME.svg, NAME.png and
    /// NAME.pdf. Where gnuplot is not installed, or not to be started, its programs NAME.svg.gp,
    /// ... are written instead: `gnuplot NAME.png.gp > NAME.png` draws them elsewhere.
    /// Throws Error when there is nothing to draw, a panel names no series (listing the known
    /// ones), or gnuplot fails.
    std::vector<std::filesystem::path> plot(const std::string& figure,
                                            const FigureOptions& options) const;

    /// Draws a chart of numbers as plot() does.
    std::vector<std::filesystem::path> chart(const std::string& figure,
                                             const plot::Chart& chart) const;

    /// Draws pictures to NAME.svg, NAME.png and NAME.pdf as plot() does (a later grid of the same
    /// name replaces them), keeps them unscaled as images/NAME-N.png, and logs {"image": NAME,
    /// "file": "images/NAME-N.png", "rows", "columns", "height", "width", "headings", "captions"}
    /// and what `event` adds ("epoch"). Returns the paths of the four files, or of the last alone
    /// without `figure`, which saves the time of drawing. A run that is taken up again leaves the
    /// pictures that it has: a network that goes on from a checkpoint would draw later ones. Throws
    /// Error for a grid that does not fit together.
    std::vector<std::filesystem::path> image(const std::string& name, const plot::ImageGrid& grid,
                                             const Json& event = Json::object(),
                                             bool figure = true);

    /// Logs a whole curve as one event: {"curve": NAME, "x_name", "x": [...], "y": [...]} and what
    /// `event` adds ("epoch", "series"). Throws Error for a curve without a name or points, with
    /// more than 65536, or with another number of x than of y.
    void curve(const std::string& name, const WholeCurve& curve,
               const Json& event = Json::object());

    /// From now on what the run is told is remembered. Returns how much that is so far.
    size_t remember();
    /// What was told behind the first `from` things that remember() counts. A loop keeps it in its
    /// checkpoint, since a loop that goes on from there does not come by it again.
    Json remembered(size_t from) const;
    /// Tells the run all of that again. Throws Error as log() and row() do.
    void tell_again(const Json& remembered);

    /// The folder for the checkpoints of the next training: checkpoints/training-1, -2 ... in the
    /// order in which they are asked for, which is the same when the run is taken up again.
    std::filesystem::path next_checkpoints();

  private:
    bool draws() const;
    /// Where a figure's SVG, PNG and PDF go. Without gnuplot their programs are kept in their
    /// stead, to be drawn on a machine that has it: no run shall fail at its last step for want of
    /// a picture.
    std::vector<std::filesystem::path> figure_paths(const std::string& name) const;
    std::string drawn(const std::string& program) const;
    std::vector<std::filesystem::path> write_figure(
        const std::string& name, const std::function<std::string(plot::Format)>& program) const;
    void keep_pictures(const plot::ImageGrid& grid, const std::filesystem::path& path) const;
    void finish_tables() noexcept;
    void keep_in_mind(const char* kind, Json what);
    friend class OpenRuns;

    std::filesystem::path directory_;
    std::optional<EventLog> log_;
    bool draws_;
    bool silent_;
    int64_t trainings_ = 0;
    std::optional<std::vector<Json>> memory_;
    bool resumed_ = false;
    std::map<std::string, TableFile> tables_;
    std::map<std::string, int64_t> images_;  ///< how many of each name
};

/// Throws Error unless `name` can be a file name of its own: letters, digits, space, '.', '_', '-',
/// no leading dot, at most 200 bytes. `what` opens the sentence: "run:plot: the figure's name".
void check_name(const std::string& what, const std::string& name);

}  // namespace hfc::run
