#include "host/evidence/export.h"

#include "base/error.h"
#include "base/file.h"
#include "base/utf8.h"
#include "host/evidence/command_words.h"
#include "host/evidence/sources.h"
#include "run/directory.h"
#include "run/stored_run.h"
#include "run/tensorboard.h"

#include <CLI/CLI.hpp>

#include <sys/stat.h>

#include <cmath>
#include <cstdio>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace hfc::host {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

struct ExportOptions {
    std::vector<std::string> paths;
    std::string out;
    bool tensorboard = false;
};

constexpr const char* export_notes = R"text(
Writes the logged events of runs as event files for TensorBoard, one directory per run. Each
number becomes a scalar at the event's step (or its epoch if it has no step), with the tag
SERIES/KEY or SERIES/KEY/NAME. Images are exported as images. Tables and the curves logged with
run:curve are left out.

Example:
  hfc-host export --tensorboard runs/heuristics-20260102-030405 --out tb
  tensorboard --logdir tb

Exit status: 0 success; 2 usage error.)text";

ExportOptions parse_export(const std::vector<std::string>& words) {
    ExportOptions options;
    CLI::App app("Exports runs to files for other tools.");
    app.footer(export_notes);
    app.add_option("RUN_OR_SWEEP", options.paths, "run directories or sweep directories");
    app.add_flag("--tensorboard", options.tensorboard, "write event files for TensorBoard");
    app.add_option("--out", options.out,
                   "directory to write to, which must be new or empty (default: "
                   "tensorboard/NAMES-date-time)")
        ->type_name("DIR");
    parse_words(app, "export", "--tensorboard RUN_OR_SWEEP... [options]", words);
    if (!options.tensorboard) {
        wrong_use("export", "expected --tensorboard (the only format)");
    }
    if (options.paths.empty()) {
        wrong_use("export", "expected a run or a sweep, got none");
    }
    return options;
}

/// The keys that locate an event. Their values are not measurements.
const std::set<std::string> places = {"epoch", "step", "time", "series"};

/// Turns the events of one run into records.
class Exporter {
  public:
    explicit Exporter(fs::path run) : run_(std::move(run)) {}

    void add(const Json& event) {
        const auto time = number_at(event, "time", 0);
        last_time_ = time > 0 ? time : last_time_;
        const auto series = text_at(event, "series");
        const bool placed = event.contains("step") || event.contains("epoch");
        // An event without a step or epoch gets its number within the series as its step.
        const auto step =
            static_cast<int64_t>(placed ? number_at(event, "step", number_at(event, "epoch", 0))
                                        : static_cast<double>(counts_[series]++));
        const auto prefix = series.empty() ? "" : series + "/";
        if (event.contains("curve")) {
            ++left_out_;
        } else if (event.contains("image")) {
            add_image(event, prefix, time, step);
        } else {
            add_numbers(event, prefix, time, step);
        }
    }

    /// The time of the last event, in seconds since the start of the run.
    double last_time() const { return last_time_; }
    /// start: when the run started, in seconds since 1970.
    std::string records(double start) const {
        auto records = run::tensorboard_record(run::tensorboard_start(start));
        for (const auto& value : values_) {
            std::visit(
                [&](auto later) {
                    later.time += start;
                    records += run::tensorboard_record(run::tensorboard_event(later));
                },
                value);
        }
        return records;
    }
    size_t values() const { return values_.size(); }
    int64_t left_out() const { return left_out_; }

  private:
    static double number_at(const Json& event, const char* key, double fallback) {
        const auto found = event.find(key);
        return found != event.end() && found->is_number() ? found->get<double>() : fallback;
    }

    static std::string text_at(const Json& event, const char* key) {
        const auto found = event.find(key);
        return found != event.end() && found->is_string() ? found->get<std::string>() : "";
    }

    void add_number(const std::string& tag, const Json& value, double time, int64_t step) {
        // The log writes numbers that are not finite as null.
        if (value.is_number() || value.is_null()) {
            const auto number = value.is_number() ? value.get<double>() : std::nan("");
            values_.emplace_back(
                run::TensorBoardValue{tag, time, step, static_cast<float>(number)});
        }
    }

    void add_numbers(const Json& event, const std::string& prefix, double time, int64_t step) {
        for (const auto& [key, value] : event.items()) {
            if (places.contains(key)) {
                continue;
            }
            if (!value.is_object()) {
                add_number(prefix + key, value, time, step);
                continue;
            }
            for (const auto& [name, one] : value.items()) {
                add_number(prefix + key + "/" + name, one, time, step);
            }
        }
    }

    void add_image(const Json& event, const std::string& prefix, double time, int64_t step) {
        // A log can name any file, so only the run's own pictures are exported.
        const auto file = run_ / "images" / fs::path(text_at(event, "file")).filename();
        std::error_code error;
        if (!fs::is_regular_file(file, error)) {
            ++left_out_;
            return;
        }
        constexpr uint64_t most_bytes = uint64_t{64} << 20;
        const auto side = [&](const char* count, const char* pixels) {
            return static_cast<int64_t>(number_at(event, count, 1) * number_at(event, pixels, 0));
        };
        values_.emplace_back(run::TensorBoardImage{.tag = prefix + text_at(event, "image"),
                                                   .time = time,
                                                   .step = step,
                                                   .height = side("rows", "height"),
                                                   .width = side("columns", "width"),
                                                   .png = read_file(file, most_bytes)});
    }

    fs::path run_;
    double last_time_ = 0;
    std::map<std::string, int64_t> counts_;
    /// The times are relative to the start of the run, which is known only after the last event.
    std::vector<std::variant<run::TensorBoardValue, run::TensorBoardImage>> values_;
    int64_t left_out_ = 0;
};

/// The time of the last event, in seconds since 1970: the time when the log was last written.
double end_of(const fs::path& run) {
    struct stat status {};
    require(::stat((run / "metrics.jsonl").c_str(), &status) == 0, "cannot read '{}'",
            (run / "metrics.jsonl").string());
    return static_cast<double>(status.st_mtim.tv_sec);
}

void export_run(const fs::path& run, const fs::path& to) {
    const auto end = end_of(run);
    Exporter exporter(run);
    run::read_events(run)([&](const Json& event) { exporter.add(event); });
    fs::create_directories(to);
    // TensorBoard reads the number in the file name as the time of the file.
    write_file(to / "events.out.tfevents.0000000000.hfc-host",
               exporter.records(end - exporter.last_time()), Sync::no);
    fmt::print("'{}': {} values{}\n", to.string(), exporter.values(),
               exporter.left_out() > 0
                   ? fmt::format("; curves and images left out: {}", exporter.left_out())
                   : "");
}

}  // namespace

int export_runs(const std::vector<std::string>& words) {
    const auto options = parse_export(words);
    const auto sources = read_sources(options.paths);
    const auto directory = output_directory(options.out, sources, "tensorboard");
    for (const auto& source : sources) {
        const auto folder = directory / source.label;
        if (!source.is_sweep) {
            export_run(source.path, folder);
            continue;
        }
        for (const auto& item : source.items) {
            if (!item.directory.empty()) {
                export_run(item.directory, folder / item.directory.filename());
            }
        }
    }
    return 0;
}

}  // namespace hfc::host
