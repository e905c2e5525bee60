#include "run/run.h"

#include "base/confinement.h"
#include "base/error.h"
#include "base/file.h"
#include "data/image_file.h"
#include "run/gnuplot.h"
#include "run/table.h"

#include <cctype>
#include <cmath>
#include <cstring>
#include <ctime>

namespace hfc::run {
namespace {

namespace fs = std::filesystem;

/// Where a figure's SVG and PNG go. Without gnuplot their programs are kept in their stead,
/// NAME.svg.gp and NAME.png.gp, to be drawn on a machine that has it: no run shall fail at its last
/// step for want of a picture.
std::vector<fs::path> figure_paths(const fs::path& folder, const std::string& name) {
    const std::string suffix = has_gnuplot() ? "" : ".gp";
    return {folder / (name + ".svg" + suffix), folder / (name + ".png" + suffix)};
}

std::string drawn(const std::string& program) {
    return has_gnuplot() ? run_gnuplot(program) : program;
}

// What the constructor has made so far: taken away again unless kept.
class Made {
  public:
    Made() = default;
    ~Made() {
        for (auto path = paths_.rbegin(); path != paths_.rend(); ++path) {
            std::error_code ignored;
            fs::remove(*path,
                       ignored);  // a folder only while empty: never what somebody else put there
        }
    }
    Made(const Made&) = delete;
    Made& operator=(const Made&) = delete;

    void add(const fs::path& path) { paths_.push_back(path); }
    void keep() { paths_.clear(); }

  private:
    std::vector<fs::path> paths_;
};

// Makes one folder; false when it was there.
bool add_folder(const fs::path& path, Made& made) {
    std::error_code error;
    const bool created = fs::create_directory(path, error);
    require(!error, "cannot make the run directory '{}': {}", path.string(), error.message());
    if (created) {
        made.add(path);
    }
    return created;
}

void add_parents(const fs::path& path, Made& made) {
    const auto parent = path.parent_path();
    std::error_code ignored;
    if (!parent.empty() && !fs::exists(parent, ignored)) {
        add_parents(parent, made);
        add_folder(parent, made);
    }
}

fs::path chosen_directory(const fs::path& out, Made& made) {
    auto directory = out.has_filename() ? out : out.parent_path();  // without a slash at the end
    std::error_code error;
    if (!fs::exists(directory, error)) {
        add_parents(directory, made);
        add_folder(directory, made);
        return directory;
    }
    require(fs::is_directory(directory, error),
            "the run directory '{}' is a file; give a folder that does not exist or is empty",
            directory.string());
    const fs::directory_iterator entries(directory, error);
    require(!error, "cannot read the run directory '{}': {}", directory.string(), error.message());
    require(entries == fs::directory_iterator(),
            "the run directory '{}' is not empty (it holds '{}'); an earlier run is never "
            "overwritten, so give another folder",
            directory.string(),
            entries == fs::directory_iterator() ? "" : entries->path().filename().string());
    return directory;
}

fs::path default_directory(const std::string& name, Made& made) {
    const auto now = std::time(nullptr);
    std::tm parts = {};
    ::localtime_r(&now, &parts);
    char stamp[32];
    std::strftime(stamp, sizeof stamp, "%Y%m%d-%H%M%S", &parts);
    const auto first = fs::path("runs") / fmt::format("{}-{}", name, stamp);
    add_parents(first, made);
    auto directory = first;
    for (int number = 2; !add_folder(directory, made); ++number) {
        directory = fmt::format("{}-{}", first.string(), number);
    }
    return directory;
}

void add_file(const fs::path& path, const std::string& bytes, Made& made) {
    write_file(path, bytes);
    made.add(path);
}

fs::path existing_directory(const fs::path& directory) {
    std::error_code error;
    require(fs::is_directory(directory, error), "there is no run directory '{}' to go on with",
            directory.string());
    return directory;
}

}  // namespace

Run::Run(const RunOptions& options) {
    require(options.config.is_object(), "hfc.run: the config must be an object, got {}",
            options.config.type_name());
    if (options.out.empty() || !options.name.empty()) {
        check_name("hfc.run: the experiment's name", options.name);
    }
    const auto script =
        options.script.empty() ? std::string() : read_file(options.script, uint64_t{64} << 20);
    if (options.resume) {
        directory_ = existing_directory(options.out);
        allow_writes_in(directory_);
        log_.emplace(directory_ / "metrics.jsonl", EventLog::Open::resume);
        return;
    }
    Made made;
    directory_ = options.out.empty() ? default_directory(options.name, made)
                                     : chosen_directory(options.out, made);
    allow_writes_in(directory_);
    add_file(directory_ / "config.json", to_text(options.config, 2), made);
    if (!options.script.empty()) {
        add_file(directory_ / "script.lua", script, made);
    }
    log_.emplace(directory_ / "metrics.jsonl", EventLog::Open::fresh);
    made.keep();
}

void Run::log(const Json& event) {
    log_->append(event);
}

fs::path Run::next_checkpoints() {
    return directory_ / "checkpoints" / fmt::format("training-{}", ++trainings_);
}

void Run::row(const std::string& table, const Json& row) {
    check_name("run:row: the table's name", table);
    require(row.is_object() && !row.empty(),
            "run:row: a row of table '{}' must be a table of column = value with at least one "
            "column, got {}",
            table, row.is_object() ? "none" : row.type_name());
    for (const auto& [column, value] : row.items()) {
        require(value.is_primitive() && !value.is_binary(),
                "run:row: column '{}' of table '{}' must be a number, a string, a boolean or nil, "
                "got {}",
                column, table, value.type_name());
    }
    auto& rows = tables_[table];
    rows.push_back(row);
    try {
        write_table(table);
    } catch (...) {
        rows.pop_back();
        throw;
    }
}

void Run::write_table(const std::string& table) const {
    const auto& rows = tables_.at(table);
    write_file(directory_ / (table + ".csv"), to_csv(rows));
    write_file(directory_ / (table + ".md"), to_markdown(rows));
}

std::vector<fs::path> Run::plot(const std::string& figure, const FigureOptions& options) const {
    check_name("run:plot: the figure's name", figure);
    const auto panels = make_panels(log_->events(), options);
    // Both are drawn before either is written: a failure leaves no figure rather than half of one.
    const auto svg = drawn(gnuplot_program(panels, options, Format::svg));
    const auto png = drawn(gnuplot_program(panels, options, Format::png));
    const auto paths = figure_paths(directory_, figure);
    write_file(paths[0], svg);
    write_file(paths[1], png);
    return paths;
}

std::vector<fs::path> Run::image(const std::string& name, const ImageGrid& grid, const Json& event,
                                 bool figure) {
    check_name("run:image: the figure's name", name);
    require_valid(grid);
    const auto file = fs::path("images") / fmt::format("{}-{}.png", name, images_[name] + 1);
    auto paths = figure ? figure_paths(directory_, name) : std::vector<fs::path>();
    paths.push_back(directory_ / file);
    if (!log_->repeats() || !fs::exists(directory_ / file)) {
        draw(grid, paths);
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
    return paths;
}

/// The unscaled pictures are the last of the paths; the figure's SVG and PNG stand before it, where
/// wanted.
void Run::draw(const ImageGrid& grid, const std::vector<fs::path>& paths) const {
    const auto whole = mosaic(grid);
    const auto plain = data::encode_png(whole.const_data_ptr<uint8_t>(), whole.size(0),
                                        whole.size(1), whole.size(2));
    const bool figure = paths.size() > 1;
    const auto svg = figure ? with_sharp_pixels(drawn(gnuplot_program(grid, Format::svg))) : "";
    const auto png = figure ? drawn(gnuplot_program(grid, Format::png)) : "";
    make_folder(directory_ / "images");
    write_file(paths.back(), plain);
    if (figure) {
        write_file(paths[0], svg);
        write_file(paths[1], png);
    }
}

void Run::curve(const std::string& name, const WholeCurve& curve, const Json& event) {
    constexpr size_t most_points = 65536;
    require(!name.empty() && name.size() <= 200,
            "run:curve: the curve's name must have 1 to 200 bytes, got {}", name.size());
    require(!curve.y.empty() && curve.y.size() <= most_points,
            "run:curve: curve '{}' must have 1 to {} points, got {}", name, most_points,
            curve.y.size());
    require(curve.x.empty() || curve.x.size() == curve.y.size(),
            "run:curve: curve '{}' has {} points, but x has {}", name, curve.y.size(),
            curve.x.size());
    Json full = event;
    full["curve"] = name;
    full["x_name"] = curve.x_name;
    full["x"] = curve.x;
    full["y"] = curve.y;
    for (size_t i = 0; curve.x.empty() && i < curve.y.size(); ++i) {
        full["x"].push_back(i);
    }
    for (const auto& x : curve.x) {
        require(std::isfinite(x), "run:curve: x of curve '{}' must be finite, got {}", name, x);
    }
    log(full);
}

void check_name(const std::string& what, const std::string& name) {
    require(!name.empty(), "{} must not be empty", what);
    require(name.front() != '.', "{} must not begin with a dot, got '{}'", what, name);
    require(name.size() <= 200, "{} must have at most 200 bytes, got {}", what, name.size());
    for (const char c : name) {
        const bool plain =
            std::isalnum(static_cast<unsigned char>(c)) != 0 || std::strchr(" ._-", c) != nullptr;
        require(plain && c != '\0',
                "{} may hold letters, digits, space, '.', '_' and '-' only, got '{}'", what, name);
    }
}

}  // namespace hfc::run
