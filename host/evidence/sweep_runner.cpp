#include "host/evidence/sweep_runner.h"

#include "base/error.h"
#include "host/evidence/child.h"
#include "host/evidence/sweep_results.h"

#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <numeric>
#include <ratio>
#include <set>
#include <string_view>

namespace hfc::host {
namespace {

namespace fs = std::filesystem;
using evidence::SweepItem;

constexpr int killed_by = 128;

void say(const std::string& text) {
    std::printf("%s\n", text.c_str());
    std::fflush(stdout);
}

std::string duration(double seconds) {
    if (seconds < 120) {
        return fmt::format("{:.0f} s", seconds);
    }
    return seconds < 7200 ? fmt::format("{:.0f} min", seconds / 60)
                          : fmt::format("{:.1f} h", seconds / 3600);
}

uint64_t size_of(const fs::path& path) {
    std::error_code error;
    const auto size = fs::file_size(path, error);
    return error ? 0 : size;
}

/// The last error message of a failed run, without its traceback, or the last line of its output.
std::string last_error(const fs::path& log, uint64_t begin) {
    constexpr uint64_t most = 1 << 16;
    std::string text;
    try {
        const InputFile file(log);
        const auto from = std::max(begin, file.size() - std::min(file.size(), most));
        text.resize(file.size() - std::min(from, file.size()));
        file.read(from, text.data(), text.size());
    } catch (const Error&) {
        return "";
    }
    constexpr std::string_view prefix = "hfc-host: ";
    std::string last, line, error;
    for (const char c : text + '\n') {
        if (c != '\n') {
            line += c;
            continue;
        }
        if (line.starts_with(prefix)) {
            error = line.substr(prefix.size());
        }
        last = line.find_first_not_of(" \t\r") == std::string::npos ? last : line;
        line.clear();
    }
    return (error.empty() ? last : error).substr(0, 500);
}

/// Removes the files of a run that died before it created its log.
void remove_beginnings(const fs::path& directory) {
    static const std::set<std::string> own = {"config.json", "script.lua"};
    std::error_code error;
    if (!fs::exists(directory, error)) {
        return;
    }
    for (const auto& entry : fs::directory_iterator(directory, error)) {
        const auto name = entry.path().filename().string();
        require(own.contains(name) || name.ends_with(".tmp"),
                "'{}' is not a run directory: it has '{}' but no metrics.jsonl", directory.string(),
                name);
    }
    fs::remove_all(directory, error);
}

/// The signals that wait_for_news() handles.
sigset_t signals() {
    sigset_t set;
    ::sigemptyset(&set);
    for (const int signal : {SIGCHLD, SIGINT, SIGTERM, SIGHUP, SIGUSR1}) {
        ::sigaddset(&set, signal);
    }
    return set;
}

}  // namespace

SweepRunner::SweepRunner(SweepDirectory& sweep, int jobs, const SweepShare& share)
    : sweep_(sweep), jobs_(static_cast<size_t>(jobs)), joins_(share.count == 1) {
    int64_t number = 0;
    for (const auto& item : sweep.settings().items) {
        const bool mine = number++ % share.count == share.index;
        if (mine && needs_run(item)) {
            waiting_.push_back(&item);
        } else {
            ++ended_;
        }
    }
}

bool SweepRunner::needs_run(const SweepItem& item) const {
    const auto state = sweep_.state(item);
    std::error_code error;
    return state != ItemState::brought &&
           (state != ItemState::finished ||
            !fs::exists(sweep_.item_directory(item) / "metrics.jsonl", error));
}

int SweepRunner::run() {
    const auto set = signals();
    ::sigprocmask(SIG_BLOCK, &set, nullptr);
    try {
        for (;;) {
            start_what_fits();
            if (running_.empty()) {
                break;
            }
            wait_for_news(std::chrono::seconds(1));
            reap();
        }
    } catch (...) {
        end_all();
        throw;
    }
    return signal_ == 0 ? 0 : killed_by + signal_;
}

void SweepRunner::start_what_fits() {
    while (signal_ == 0 && running_.size() < jobs_ && next_ < waiting_.size()) {
        const auto& item = *waiting_[next_++];
        try {
            if (wait_for_locks(item)) {
                start(item);
            }
        } catch (const Error& error) {
            ++ended_;
            sweep_.fail(item, 1, error.what());
            say(fmt::format("[{}/{}] {} failed: {}", ended_, sweep_.settings().items.size(),
                            item.name, error.what()));
        }
    }
}

/// Waits until no other process runs the item. When a sweep is killed, its runs die too, but that
/// may take a moment. A user may also have resumed the run by hand.
bool SweepRunner::wait_for_locks(const SweepItem& item) {
    constexpr auto longest = std::chrono::seconds(60);
    constexpr auto pause = std::chrono::milliseconds(100);
    const auto begun = Clock::now();
    const auto directory = sweep_.item_directory(item);
    bool said = false;
    for (const auto& path : {sweep_.item_log(item), directory / "metrics.jsonl"}) {
        while (is_locked(path)) {
            const auto holders = lock_holders(path);
            const auto who = holders.empty() ? std::string("another process")
                                             : fmt::format("process {}", holders[0]);
            require(Clock::now() - begun < longest, "{} is still running in '{}'", who,
                    directory.string());
            if (!said && Clock::now() - begun > std::chrono::seconds(1)) {
                say(fmt::format("waiting for {}, which is still running in '{}'", who,
                                directory.string()));
                said = true;
            }
            wait_for_news(pause);
            if (signal_ != 0) {
                return false;
            }
        }
    }
    return true;
}

std::vector<std::string> SweepRunner::arguments_for(const SweepItem& item, bool resumed) const {
    const auto& settings = sweep_.settings();
    const auto directory = sweep_.item_directory(item).string();
    std::vector<std::string> arguments = {"--parallel", "none", "--threads",
                                          std::to_string(settings.threads)};
    if (!settings.data.empty()) {
        arguments.insert(arguments.end(), {std::string("--data"), settings.data});
    }
    if (resumed) {
        arguments.insert(arguments.end(), {std::string("--resume"), directory});
        return arguments;
    }
    if (settings.deterministic) {
        arguments.emplace_back("--deterministic");
    }
    for (const auto& word : {std::string("--device"), settings.device, std::string("--out"),
                             directory, sweep_.script().string()}) {
        arguments.push_back(word);
    }
    arguments.insert(arguments.end(), item.arguments.begin(), item.arguments.end());
    return arguments;
}

void SweepRunner::start(const SweepItem& item) {
    std::error_code error;
    const auto directory = sweep_.item_directory(item);
    const auto log = sweep_.item_log(item);
    const bool resumed = fs::exists(directory / "metrics.jsonl", error);
    if (!resumed) {
        remove_beginnings(directory);
    }
    const auto& folder = sweep_.settings().folder;
    const auto log_begin = size_of(log);
    const pid_t child = start_child({.arguments = arguments_for(item, resumed),
                                     .output = log,
                                     .folder = fs::is_directory(folder, error) ? folder : ""});
    running_.emplace(child, Running{&item, Clock::now(), resumed, log_begin});
    sweep_.begin(item, child);
}

void SweepRunner::wait_for_news(std::chrono::milliseconds most) {
    constexpr auto of_a_millisecond = std::nano::den / std::milli::den;
    const auto set = signals();
    const timespec time = {.tv_sec = most.count() / std::milli::den,
                           .tv_nsec = most.count() % std::milli::den * of_a_millisecond};
    const int signal = ::sigtimedwait(&set, nullptr, &time);
    if (signal > 0 && signal != SIGCHLD) {
        stop(signal);
    }
}

/// The first call asks the runs to stop at their next batch, where they write a checkpoint. The
/// second call kills the runs.
void SweepRunner::stop(int signal) {
    const bool first = signal_ == 0;
    signal_ = signal == SIGHUP ? SIGTERM : signal;
    say(first ? "\nstopping: each run writes a checkpoint at its next batch; interrupt again to "
                "stop the runs immediately"
              : "\nstopping the runs immediately");
    for (const auto& [child, running] : running_) {
        ::kill(child, first ? SIGTERM : SIGKILL);
    }
}

void SweepRunner::end_all() {
    for (const auto& [child, running] : running_) {
        ::kill(child, SIGTERM);
    }
    for (const auto& [child, running] : running_) {
        ::waitpid(child, nullptr, 0);
    }
    running_.clear();
}

void SweepRunner::reap() {
    for (auto running = running_.begin(); running != running_.end();) {
        int status = 0;
        const pid_t ended = ::waitpid(running->first, &status, WNOHANG);
        if (ended == 0 || (ended < 0 && errno == EINTR)) {
            ++running;
            continue;
        }
        const auto item = running->second;
        running = running_.erase(running);
        take_end(item, exit_status(status));
    }
}

void SweepRunner::take_end(const Running& running, int status) {
    const auto& item = *running.item;
    const auto seconds = std::chrono::duration<double>(Clock::now() - running.started).count();
    const auto all = sweep_.settings().items.size();
    std::error_code error;
    const bool has_run = fs::exists(sweep_.item_directory(item) / "metrics.jsonl", error);
    if (status == 0 && has_run) {
        sweep_.finish(item, running.resumed ? -1 : seconds);
        ++ended_;
        say(fmt::format("[{}/{}] {} finished in {}{}", ended_, all, item.name, duration(seconds),
                        time_left()));
        if (!joins_) {
            return;
        }
        try {
            write_joined_tables(sweep_.path(), sweep_.settings());
        } catch (const Error& failure) {
            say(failure.what());  // the tables are written again at the end
        }
        return;
    }
    if (signal_ != 0) {
        say(fmt::format("{} stopped", item.name));
        return;
    }
    auto what = status == 0
                    ? std::string("the script did not create a run: it did not call hfc.run")
                    : last_error(sweep_.item_log(item), running.log_begin);
    if (status > killed_by) {
        what = fmt::format("killed by signal {} ({})", status - killed_by,
                           ::strsignal(status - killed_by));
    }
    sweep_.fail(item, status, what);
    ++ended_;
    say(fmt::format("[{}/{}] {} failed: {}{}", ended_, all, item.name, what, time_left()));
}

/// Estimated from the mean duration of the finished runs.
std::string SweepRunner::time_left() const {
    const auto& known = sweep_.durations();
    const auto waiting = waiting_.size() - next_;
    if (known.empty() || signal_ != 0 || waiting + running_.size() == 0) {
        return "";
    }
    const double mean =
        std::accumulate(known.begin(), known.end(), 0.0) / static_cast<double>(known.size());
    double seconds = mean * static_cast<double>(waiting);
    for (const auto& [child, running] : running_) {
        const std::chrono::duration<double> gone = Clock::now() - running.started;
        seconds += std::max(0.0, mean - gone.count());
    }
    return fmt::format("; about {} left", duration(seconds / static_cast<double>(jobs_)));
}

}  // namespace hfc::host
