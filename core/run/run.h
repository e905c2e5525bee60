// The run directory: everything that one run of a script writes, readable while it grows.
//
//   config.json      options, seed, versions, device, command line, start time
//   script.lua       a copy of the script
//   metrics.jsonl    one event per line, flushed immediately:
//                    {"series":"natural","epoch":1,"loss":2.1,"accuracy":{"train":0.3}}
//   checkpoints/     training-1, training-2 ...: a directory of checkpoints for each training run
//   NAME.csv .md     tables
//   NAME.svg .png    figures
//   images/NAME-1.png   the pictures of Run::image without captions, at their original size,
//                       numbered from 1 for each name
//
// Every line of metrics.jsonl is valid JSON: numbers that are not finite become null, and bytes
// that are not UTF-8 become U+FFFD.
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
    /// The name of the experiment: the default directory is runs/NAME-YYYYMMDD-HHMMSS.
    std::string name;
    std::filesystem::path out;     ///< the run directory, if the user has chosen one
    std::filesystem::path script;  ///< the script to copy, if there is one
    Json config = Json::object();  ///< the contents of config.json
    bool draws = true;  ///< start gnuplot for figures; otherwise only write gnuplot programs
    /// Write nothing, because another process of the job writes to the run directory `out`.
    bool silent = false;
    /// Continue the run in `out`: its config and script do not change, and its log is continued.
    bool resume = false;
};

/// A curve that is logged as a whole, such as a spectrum.
struct WholeCurve {
    std::vector<double> y;
    std::vector<double> x = {};  ///< as many as y, finite; if empty: 0, 1, 2 ...
    std::string x_name = {};     ///< the quantity x
};

class Run {
  public:
    /// Makes the directory, which must either not exist or be empty: an earlier run is never
    /// overwritten (-2, -3 ... is appended to the default name if it exists). Throws Error naming
    /// the directory if it is not empty or cannot be written, leaving nothing behind.
    explicit Run(const RunOptions& options);
    /// Updates the Markdown tables. This also happens when the process ends.
    ~Run();
    Run(const Run&) = delete;
    Run& operator=(const Run&) = delete;
    const std::filesystem::path& directory() const { return directory_; }
    /// Whether another process of the job writes the files of this run. If so, this process only
    /// checks the arguments; it writes and draws nothing.
    bool silent() const { return silent_; }

    /// EventLog::append() on metrics.jsonl.
    void log(const Json& event);

    /// Adds a row (column name -> number, text, boolean or null) to table `name`. The row is
    /// written to NAME.csv immediately, and to NAME.md with a later row or at the end of the run
    /// (see TableFile). Columns are in the order of their first use. A row that cannot be written
    /// is not kept.
    void row(const std::string& table, const Json& row);

    /// Draws curves of the logged events with gnuplot and returns the paths of NAME.svg, NAME.png
    /// and NAME.pdf. If gnuplot is not installed, or must not be started, gnuplot programs
    /// (NAME.svg.gp, ...) are written instead: `gnuplot NAME.png.gp > NAME.png` draws a figure on
    /// another machine. Throws Error if there is nothing to draw, if there is no series for a
    /// requested panel (listing the known series), or if gnuplot fails.
    std::vector<std::filesystem::path> plot(const std::string& figure,
                                            const FigureOptions& options) const;

    /// Draws `chart` in the same way as plot().
    std::vector<std::filesystem::path> chart(const std::string& figure,
                                             const plot::Chart& chart) const;

    /// Draws pictures to NAME.svg, NAME.png and NAME.pdf in the same way as plot(); a later grid
    /// with the same name replaces these files. Also stores the pictures at their original size as
    /// images/NAME-N.png, and logs {"image": NAME, "file": "images/NAME-N.png", "rows", "columns",
    /// "height", "width", "headings", "captions"} together with the fields of `event` ("epoch").
    /// Returns the paths of the four files. If `figure` is false, nothing is drawn, which saves
    /// time, and only the path of images/NAME-N.png is returned. After a resume, existing pictures
    /// are kept, because a network that continues from a checkpoint would produce pictures of a
    /// later state. Throws Error for a grid whose parts do not match.
    std::vector<std::filesystem::path> image(const std::string& name, const plot::ImageGrid& grid,
                                             const Json& event = Json::object(),
                                             bool figure = true);

    /// Logs a whole curve as one event: {"curve": NAME, "x_name", "x": [...], "y": [...]} together
    /// with the fields of `event` ("epoch", "series"). Throws Error for a curve without a name or
    /// points, with more than 65536 points, or with different numbers of x and y values.
    void curve(const std::string& name, const WholeCurve& curve,
               const Json& event = Json::object());

    /// From now on, everything that is logged is also recorded. Returns the number of records so
    /// far.
    size_t remember();
    /// Returns the records starting with number `from`. A training loop stores them in its
    /// checkpoint, because it does not log them again after resuming from it.
    Json remembered(size_t from) const;
    /// Logs these records again. Throws Error in the same cases as log() and row().
    void tell_again(const Json& remembered);

    /// The directory for the checkpoints of the next training run: checkpoints/training-1, -2 ...
    /// in the order of the calls, which is the same after a resume.
    std::filesystem::path next_checkpoints();

  private:
    bool draws() const;
    /// The paths of a figure's SVG, PNG and PDF files. Without gnuplot, these are gnuplot programs,
    /// which can be run on a machine that has gnuplot: a run should not fail at its last step
    /// because a figure cannot be drawn.
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
    std::map<std::string, int64_t> images_;  ///< the number of grids with each name
};

/// Throws Error unless `name` can be used as a file name: letters, digits, space, '.', '_', '-', no
/// leading dot, at most 200 bytes. `what` is the start of the error message: "run:plot: the
/// figure's name".
void check_name(const std::string& what, const std::string& name);

}  // namespace hfc::run
