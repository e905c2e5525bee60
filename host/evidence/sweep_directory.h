// The directory of a sweep:
//
//   sweep.json     the script's options as given, threads, device, the list of runs
//   script.lua     the script as it was when the sweep started
//   sweep.jsonl    the events of the runs, one per line; locked while the sweep is running
//   sweep-0-of-4.jsonl   the same for the runs of one of several processes (see sweep_share.h)
//   array.sh       a batch script for Slurm, if requested
//   ITEM/          a run directory for each run
//   ITEM.log       the output of that run; locked by the run's process
//   NAME.csv .md   joined tables
//   NAME-differences.csv .md   differences between pairs of settings
//   NAME.svg .png .pdf   curves
//   rows/runs.csv  the finished runs, as --save writes them
//   rows/from.csv  the runs from the file of --from
#pragma once

#include "base/file.h"
#include "evidence/finished_runs.h"
#include "evidence/sweep_plan.h"

#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace hfc::host {

/// The settings with which the runs of a sweep are started.
struct SweepSettings {
    std::string name;    ///< the script's name: "batch_size"
    std::string folder;  ///< the working directory of the runs
    std::string commit;  ///< the commit of the script's directory
    std::string device;  ///< the device that --device means on this machine
    std::string data;
    int threads = 1;
    int jobs = 1;
    bool deterministic = false;
    std::vector<evidence::SweepItem> items;
};

enum class ItemState {
    waiting,   ///< never started
    begun,     ///< started, but neither finished nor failed: killed or stopped
    failed,    ///< ended with an error
    finished,  ///< ended with status 0
    brought,   ///< read from the file of --from
};

/// The state of the runs of a sweep.
struct SweepLog {
    std::map<std::string, ItemState> states;  ///< by name
    std::map<std::string, std::string> errors;
    /// The durations of the finished runs that were not interrupted, in seconds.
    std::vector<double> durations;
    uint64_t size = 0;  ///< size of the log's complete lines
};

class SweepDirectory {
  public:
    /// Creates sweeps/NAME-date-time, or `out`, which must be empty or not exist.
    static SweepDirectory make(const SweepSettings& settings, const std::string& script_text,
                               const std::filesystem::path& out,
                               const std::vector<evidence::FinishedRun>& brought);
    /// share: the name of this process's share, if it performs only some of the runs. Throws Error
    /// if another sweep, or another process with the same share, is using the directory; the
    /// message names the other process.
    static SweepDirectory open(const std::filesystem::path& path, const std::string& share = {});

    const std::filesystem::path& path() const { return path_; }
    const SweepSettings& settings() const { return settings_; }
    std::filesystem::path item_directory(const evidence::SweepItem& item) const;
    std::filesystem::path item_log(const evidence::SweepItem& item) const;
    std::filesystem::path script() const { return path_ / "script.lua"; }
    ItemState state(const evidence::SweepItem& item) const;
    std::string error(const evidence::SweepItem& item) const;
    const std::vector<double>& durations() const { return known_.durations; }

    void begin(const evidence::SweepItem& item, int pid);
    /// seconds < 0: unknown, because the run was interrupted.
    void finish(const evidence::SweepItem& item, double seconds);
    void fail(const evidence::SweepItem& item, int status, const std::string& error);

  private:
    explicit SweepDirectory(std::filesystem::path path) : path_(std::move(path)) {}
    void lock();
    void append(const nlohmann::ordered_json& event);

    std::filesystem::path log_path() const;

    std::filesystem::path path_;
    std::string share_;
    SweepSettings settings_;
    std::shared_ptr<Descriptor> log_;
    SweepLog known_;
};

/// Whether the directory is a sweep directory.
bool is_sweep(const std::filesystem::path& path);

/// The contents of sweep.json. Throws Error if it is missing or damaged.
SweepSettings read_sweep(const std::filesystem::path& path);

/// One finished run of a sweep.
struct FinishedItem {
    evidence::SweepItem item;
    evidence::FinishedRun run;
    std::filesystem::path directory;  ///< empty for a run from the file of --from
};

/// The finished runs, in the order of the items. The function takes no lock, because the sweep may
/// still be running.
std::vector<FinishedItem> finished_items(const std::filesystem::path& path,
                                         const SweepSettings& settings);

}  // namespace hfc::host
