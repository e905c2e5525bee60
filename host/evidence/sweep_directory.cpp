#include "host/evidence/sweep_directory.h"

#include "base/error.h"
#include "base/file_lock.h"
#include "base/json_depth.h"
#include "base/utf8.h"
#include "host/evidence/child.h"
#include "run/directory.h"
#include "run/line_reader.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace hfc::host {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;
using evidence::SweepItem;

constexpr const char* log_name = "sweep.jsonl";
constexpr const char* settings_name = "sweep.json";
constexpr uint64_t most_sweep_file_bytes = uint64_t{256} << 20;

fs::path brought_file(const fs::path& sweep) {
    return sweep / "rows" / "from.csv";
}

Json to_json(const SweepSettings& settings) {
    Json items = Json::array();
    for (const auto& item : settings.items) {
        items.push_back({{"name", item.name},
                         {"arguments", item.arguments},
                         {"settings", item.settings},
                         {"seed", item.seed},
                         {"hash", item.hash},
                         {"options", item.options}});
    }
    return {{"name", settings.name},     {"folder", settings.folder},
            {"commit", settings.commit}, {"device", settings.device},
            {"data", settings.data},     {"threads", settings.threads},
            {"jobs", settings.jobs},     {"deterministic", settings.deterministic},
            {"items", std::move(items)}};
}

SweepSettings from_json(const Json& json) {
    SweepSettings settings;
    json.at("name").get_to(settings.name);
    json.at("folder").get_to(settings.folder);
    json.at("commit").get_to(settings.commit);
    json.at("device").get_to(settings.device);
    json.at("data").get_to(settings.data);
    json.at("threads").get_to(settings.threads);
    json.at("jobs").get_to(settings.jobs);
    json.at("deterministic").get_to(settings.deterministic);
    for (const auto& item : json.at("items")) {
        settings.items.push_back({.name = item.at("name"),
                                  .arguments = item.at("arguments"),
                                  .settings = item.at("settings"),
                                  .seed = item.at("seed"),
                                  .hash = item.at("hash"),
                                  .options = item.at("options")});
    }
    return settings;
}

void take(const Json& event, SweepLog& known) {
    const auto name = event.value("item", "");
    const auto what = event.value("event", "");
    if (known.states.contains(name) && known.states[name] == ItemState::finished &&
        what != "finished") {
        return;  // according to another process's log
    }
    if (what == "begun") {
        known.states[name] = ItemState::begun;
    } else if (what == "finished") {
        known.states[name] = ItemState::finished;
        if (event.contains("seconds")) {
            known.durations.push_back(event["seconds"].get<double>());
        }
    } else if (what == "failed") {
        known.states[name] = ItemState::failed;
        known.errors[name] = event.value("error", "");
    }
}

std::vector<evidence::FinishedRun> brought_to(const fs::path& sweep) {
    std::error_code error;
    const auto path = brought_file(sweep);
    return fs::exists(path, error) ? evidence::finished_runs_from_csv(
                                         read_file(path, most_sweep_file_bytes), path.string())
                                   : std::vector<evidence::FinishedRun>();
}

const evidence::FinishedRun* find_run(const std::vector<evidence::FinishedRun>& runs,
                                      const SweepItem& item) {
    for (const auto& run : runs) {
        if (run.settings == item.hash && run.seed == item.seed) {
            return &run;
        }
    }
    return nullptr;
}

/// The logs of all processes, starting with the sweep's own log.
std::vector<fs::path> logs_of(const fs::path& sweep) {
    std::vector<fs::path> logs = {sweep / log_name};
    std::error_code error;
    for (const auto& entry : fs::directory_iterator(sweep, error)) {
        const auto name = entry.path().filename().string();
        if (name.starts_with("sweep-") && name.ends_with("jsonl")) {
            logs.push_back(entry.path());
        }
    }
    std::sort(logs.begin() + 1, logs.end());
    return logs;
}

/// Adds the events of one log to `known`. Returns the size of the log's complete lines.
uint64_t read_events(const fs::path& path, SweepLog& known) {
    const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    require(file.open(), "cannot read '{}': {}", path.string(), std::strerror(errno));
    run::LineReader lines(file.get(), path);
    while (const auto line = lines.next()) {
        const auto event = nests_deeper(*line) ? Json() : Json::parse(*line, nullptr, false);
        require(event.is_object(), "'{}' is damaged: a line is not an event", path.string());
        try {
            take(event, known);
        } catch (const nlohmann::json::exception& error) {
            fail("'{}' is damaged: {}", path.string(), error.what());
        }
    }
    return lines.offset();
}

/// Reads all logs. Runs from the --from file are marked as such, whatever the logs contain. own:
/// the log whose size is stored.
SweepLog read_log(const fs::path& sweep, const SweepSettings& settings, const fs::path& own = {}) {
    SweepLog known;
    for (const auto& path : logs_of(sweep)) {
        const auto size = read_events(path, known);
        known.size = path == own ? size : known.size;
    }
    const auto brought = brought_to(sweep);
    for (const auto& item : settings.items) {
        if (find_run(brought, item) != nullptr) {
            known.states[item.name] = ItemState::brought;
        }
    }
    return known;
}

}  // namespace

bool is_sweep(const fs::path& path) {
    std::error_code error;
    return fs::is_regular_file(path / settings_name, error);
}

SweepSettings read_sweep(const fs::path& path) {
    require(is_sweep(path), "'{}' is not a sweep directory: it has no {}", path.string(),
            settings_name);
    const auto text = read_file(path / settings_name, most_sweep_file_bytes);
    try {
        require(!nests_deeper(text), "'{}' is damaged: it is nested too deeply",
                (path / settings_name).string());
        return from_json(Json::parse(text));
    } catch (const nlohmann::json::exception& error) {
        fail("'{}' is damaged: {}", (path / settings_name).string(), error.what());
    }
}

SweepDirectory SweepDirectory::make(const SweepSettings& settings, const std::string& script_text,
                                    const fs::path& out,
                                    const std::vector<evidence::FinishedRun>& brought) {
    run::Made made;
    SweepDirectory sweep(fs::absolute(out.empty()
                                          ? run::default_directory(settings.name, made, "sweeps")
                                          : run::chosen_directory(out, made)));
    sweep.settings_ = settings;
    std::vector<evidence::FinishedRun> used;
    for (const auto& item : settings.items) {
        if (const auto* run = find_run(brought, item)) {
            used.push_back(*run);
        }
    }
    if (!used.empty()) {
        make_folder(sweep.path_ / "rows");
        made.add(sweep.path_ / "rows");
        write_file(brought_file(sweep.path_), evidence::to_csv(used));
        made.add(brought_file(sweep.path_));
    }
    write_file(sweep.path_ / "script.lua", script_text);
    made.add(sweep.path_ / "script.lua");
    write_file(sweep.path_ / log_name, "");
    made.add(sweep.path_ / log_name);
    sweep.lock();
    // This file is written last: a directory that contains it is complete.
    write_file(sweep.path_ / settings_name, json_text(to_json(settings), 1) + "\n");
    made.keep();
    sweep.known_ = read_log(sweep.path_, settings);
    return sweep;
}

SweepDirectory SweepDirectory::open(const fs::path& path, const std::string& share) {
    SweepDirectory sweep(fs::absolute(path.has_filename() ? path : path.parent_path()));
    sweep.share_ = share;
    sweep.settings_ = read_sweep(sweep.path_);
    sweep.lock();
    sweep.known_ = read_log(sweep.path_, sweep.settings_, sweep.log_path());
    require(::ftruncate(sweep.log_->get(), static_cast<off_t>(sweep.known_.size)) == 0,
            "cannot write '{}': {}", sweep.log_path().string(), std::strerror(errno));
    return sweep;
}

fs::path SweepDirectory::log_path() const {
    return path_ / (share_.empty() ? log_name : fmt::format("sweep-{}.jsonl", share_));
}

void SweepDirectory::lock() {
    const auto log = log_path();
    const int made = share_.empty() ? 0 : O_CREAT;
    log_ = std::make_shared<Descriptor>(
        ::open(log.c_str(), O_WRONLY | O_APPEND | O_CLOEXEC | made, 0666));
    require(log_->open(), "cannot write '{}': {}", log.string(), std::strerror(errno));
    if (!lock_file(log_->get())) {
        const auto holders = lock_holders(log);
        hfc::fail("another sweep is running in '{}'{}", path_.string(),
                  holders.empty() ? "" : fmt::format(" (process {})", holders[0]));
    }
}

fs::path SweepDirectory::item_directory(const SweepItem& item) const {
    return path_ / item.name;
}

fs::path SweepDirectory::item_log(const SweepItem& item) const {
    return path_ / (item.name + ".log");
}

ItemState SweepDirectory::state(const SweepItem& item) const {
    const auto found = known_.states.find(item.name);
    return found == known_.states.end() ? ItemState::waiting : found->second;
}

std::string SweepDirectory::error(const SweepItem& item) const {
    const auto found = known_.errors.find(item.name);
    return found == known_.errors.end() ? "" : found->second;
}

void SweepDirectory::append(const Json& event) {
    const off_t before = ::lseek(log_->get(), 0, SEEK_END);
    if (!write_all(log_->get(), json_text(event) + '\n')) {
        const int reason = errno;
        [[maybe_unused]] const int cut = ::ftruncate(log_->get(), before);
        hfc::fail("cannot write '{}': {}", log_path().string(), std::strerror(reason));
    }
    take(event, known_);
}

void SweepDirectory::begin(const SweepItem& item, int pid) {
    append({{"item", item.name}, {"event", "begun"}, {"pid", pid}});
}

void SweepDirectory::finish(const SweepItem& item, double seconds) {
    Json event = {{"item", item.name}, {"event", "finished"}};
    if (seconds >= 0) {
        event["seconds"] = seconds;
    }
    append(event);
}

void SweepDirectory::fail(const SweepItem& item, int status, const std::string& error) {
    append({{"item", item.name}, {"event", "failed"}, {"status", status}, {"error", error}});
}

std::vector<FinishedItem> finished_items(const fs::path& path, const SweepSettings& settings) {
    const auto known = read_log(path, settings);
    const auto brought = brought_to(path);
    std::vector<FinishedItem> finished;
    for (const auto& item : settings.items) {
        const auto state = known.states.find(item.name);
        if (state == known.states.end()) {
            continue;
        }
        if (state->second == ItemState::brought) {
            finished.push_back({item, *find_run(brought, item), {}});
        } else if (state->second == ItemState::finished) {
            const auto directory = path / item.name;
            finished.push_back({item,
                                {.settings = item.hash,
                                 .options = item.options,
                                 .seed = item.seed,
                                 .commit = settings.commit,
                                 .device = settings.device,
                                 .threads = std::to_string(settings.threads),
                                 .tables = run::read_tables(directory)},
                                directory});
        }
    }
    return finished;
}

}  // namespace hfc::host
