#include "run/run.h"

#include "base/error.h"
#include "base/file.h"
#include "base/utf8.h"
#include "image_file/image_file.h"
#include "plot/gnuplot.h"
#include "run/directory.h"

#include <algorithm>
#include <cctype>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <set>

namespace hfc::run {
namespace {

namespace fs = std::filesystem;

void add_file(const fs::path& path, const std::string& bytes, Made& made) {
    write_file(path, bytes);
    made.add(path);
}

fs::path existing_directory(const fs::path& directory) {
    std::error_code error;
    require(fs::is_directory(directory, error), "there is no run directory '{}' to continue",
            directory.string());
    return directory;
}

}  // namespace

/// The existing runs. Their tables must be completed even if the script calls os.exit().
class OpenRuns {
  public:
    static OpenRuns& all() {
        static OpenRuns runs;
        return runs;
    }
    ~OpenRuns() {
        for (auto* run : runs_) {
            run->finish_tables();
        }
    }
    void add(Run* run) { runs_.insert(run); }
    void remove(Run* run) { runs_.erase(run); }

  private:
    std::set<Run*> runs_;
};

Run::~Run() {
    OpenRuns::all().remove(this);
    finish_tables();
}

Run::Run(const RunOptions& options)
    : draws_(options.draws), silent_(options.silent), resumed_(options.resume) {
    require(options.config.is_object(), "the config must be an object, got {}",
            options.config.type_name());
    if (options.out.empty() || !options.name.empty()) {
        check_name("the experiment's name", options.name);
    }
    if (silent_) {
        directory_ = options.out;
        return;
    }
    if (options.resume) {
        directory_ = existing_directory(options.out);
        remove_orphans(directory_, "");
        log_.emplace(directory_ / "metrics.jsonl", EventLog::Open::resume);
        OpenRuns::all().add(this);
        return;
    }
    const auto script =
        options.script.empty() ? std::string() : read_file(options.script, uint64_t{64} << 20);
    Made made;
    directory_ = options.out.empty() ? default_directory(options.name, made)
                                     : chosen_directory(options.out, made);
    add_file(directory_ / "config.json", to_text(options.config, 2), made);
    if (!options.script.empty()) {
        add_file(directory_ / "script.lua", script, made);
    }
    log_.emplace(directory_ / "metrics.jsonl", EventLog::Open::fresh);
    made.keep();
    OpenRuns::all().add(this);
}

bool Run::draws() const {
    return draws_ && plot::has_gnuplot();
}

std::vector<fs::path> Run::figure_paths(const std::string& name) const {
    const std::string suffix = draws() ? "" : ".gp";
    std::vector<fs::path> paths;
    for (const auto* extension : {".svg", ".png", ".pdf"}) {
        paths.push_back(directory_ / (name + extension + suffix));
    }
    return paths;
}

std::vector<fs::path> Run::write_figure(
    const std::string& name, const std::function<std::string(plot::Format)>& program) const {
    if (silent_) {
        return figure_paths(name);
    }
    // All files are drawn before the first one is written, so a failure never leaves only some of a
    // figure's files.
    std::vector<std::string> files;
    for (const auto format : {plot::Format::svg, plot::Format::png, plot::Format::pdf}) {
        files.push_back(draws() ? plot::draw(program(format), format) : program(format));
    }
    const auto paths = figure_paths(name);
    for (size_t i = 0; i < paths.size(); ++i) {
        write_file(paths[i], files[i]);
    }
    return paths;
}

void Run::log(const Json& event) {
    if (log_) {
        log_->append(event);
    }
    keep_in_mind("event", event);
}

void Run::keep_in_mind(const char* kind, Json what) {
    if (memory_) {
        memory_->push_back({kind, std::move(what)});
    }
}

size_t Run::remember() {
    if (!memory_) {
        memory_.emplace();
    }
    return memory_->size();
}

Json Run::remembered(size_t from) const {
    Json all = Json::array();
    for (size_t i = from; i < memory_->size(); ++i) {
        all.push_back((*memory_)[i]);
    }
    return all;
}

void Run::tell_again(const Json& remembered) {
    for (const auto& one : remembered) {
        const auto kind = one.at(0).get<std::string>();
        const auto& what = one.at(1);
        if (kind == "event") {
            log(what);
        } else if (kind == "row") {
            row(what.at(0).get<std::string>(), what.at(1));
        } else if (kind == "image") {
            ++images_[what.get<std::string>()];
            keep_in_mind("image", what);
        } else {
            next_checkpoints();
        }
    }
}

fs::path Run::next_checkpoints() {
    keep_in_mind("training", Json());
    return directory_ / "checkpoints" / fmt::format("training-{}", ++trainings_);
}

void Run::row(const std::string& table, const Json& row) {
    check_name("the table's name", table);
    require(row.is_object() && !row.empty(),
            "a row of table '{}' must be a table {{column = value, ...}} with at least one column, "
            "got {}",
            table, row.is_object() ? "none" : row.type_name());
    for (const auto& [column, value] : row.items()) {
        require(value.is_primitive() && !value.is_binary(),
                "column '{}' of table '{}' must be a number, a string, a boolean or nil, "
                "got {}",
                column, table, value.type_name());
    }
    if (!silent_) {
        tables_.try_emplace(table, directory_ / table, resumed_).first->second.add(row);
    }
    keep_in_mind("row", {table, row});
}

void Run::finish_tables() noexcept {
    for (auto& [name, table] : tables_) {
        try {
            table.finish();
        } catch (const std::exception& error) {
            std::fprintf(stderr, "hfc-host: %s\n", error.what());
        }
    }
}

std::vector<fs::path> Run::plot(const std::string& figure, const FigureOptions& options) const {
    check_name("the figure's name", figure);
    if (silent_) {
        return figure_paths(figure);
    }
    // The log stores names as UTF-8.
    auto logged = options;
    logged.x = to_utf8(options.x);
    logged.y = to_utf8(options.y);
    std::ranges::transform(options.panels, logged.panels.begin(), to_utf8);
    std::ranges::transform(options.curves, logged.curves.begin(), to_utf8);
    return chart(figure,
                 make_chart(make_panels([&](const Visit& visit) { log_->for_each(visit); }, logged),
                            options));
}

std::vector<fs::path> Run::chart(const std::string& figure, const plot::Chart& chart) const {
    check_name("the figure's name", figure);
    return write_figure(figure,
                        [&](plot::Format format) { return gnuplot_program(chart, format); });
}

std::vector<fs::path> Run::image(const std::string& name, const plot::ImageGrid& grid,
                                 const Json& event, bool figure) {
    check_name("the figure's name", name);
    require_valid(grid);
    const auto file = fs::path("images") / fmt::format("{}-{}.png", name, images_[name] + 1);
    auto paths = figure ? figure_paths(name) : std::vector<fs::path>();
    paths.push_back(directory_ / file);
    if (silent_) {
        return paths;
    }
    if (!log_->repeats() || !fs::exists(directory_ / file)) {
        keep_pictures(grid, paths.back());
        if (figure) {
            write_figure(name, [&](plot::Format format) { return gnuplot_program(grid, format); });
        }
    }
    Json full = event;
    full["image"] = name;
    full["file"] = file.string();
    full["rows"] = grid.rows();
    full["columns"] = std::min(grid.columns, grid.images.size(0));
    full["height"] = grid.images.size(2);
    full["width"] = grid.images.size(3);
    full["headings"] = grid.headings;
    full["captions"] = grid.captions;
    log(full);
    ++images_[name];
    keep_in_mind("image", name);
    return paths;
}

/// Writes the pictures at their original size.
void Run::keep_pictures(const plot::ImageGrid& grid, const fs::path& path) const {
    const auto whole = mosaic(grid);
    const auto plain = image_file::encode_png(whole.const_data_ptr<uint8_t>(), whole.size(0),
                                              whole.size(1), whole.size(2));
    make_folder(directory_ / "images");
    write_file(path, plain);
}

void Run::curve(const std::string& name, const WholeCurve& curve, const Json& event) {
    constexpr size_t most_points = 65536;
    require(!name.empty() && name.size() <= 200,
            "the curve's name must be 1 to 200 bytes long, got {}", name.size());
    require(!curve.y.empty() && curve.y.size() <= most_points,
            "curve '{}' must have 1 to {} points, got {}", name, most_points, curve.y.size());
    require(curve.x.empty() || curve.x.size() == curve.y.size(),
            "curve '{}' has {} points, but x has {}", name, curve.y.size(), curve.x.size());
    Json full = event;
    full["curve"] = name;
    full["x_name"] = curve.x_name;
    full["x"] = curve.x;
    full["y"] = curve.y;
    for (size_t i = 0; curve.x.empty() && i < curve.y.size(); ++i) {
        full["x"].push_back(i);
    }
    for (const auto& x : curve.x) {
        require(std::isfinite(x), "x of curve '{}' must be finite, got {}", name, x);
    }
    log(full);
}

void check_name(const std::string& what, const std::string& name) {
    require(!name.empty(), "{} must not be empty", what);
    require(name.front() != '.', "{} must not start with a dot, got '{}'", what, name);
    require(name.size() <= 200, "{} must be at most 200 bytes long, got {}", what, name.size());
    for (const char c : name) {
        const bool plain =
            std::isalnum(static_cast<unsigned char>(c)) != 0 || std::strchr(" ._-", c) != nullptr;
        require(plain && c != '\0',
                "{} may contain only letters, digits, spaces, '.', '_' and '-', got '{}'", what,
                name);
    }
}

}  // namespace hfc::run
