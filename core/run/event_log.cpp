#include "run/event_log.h"

#include "base/error.h"
#include "base/file.h"
#include "base/file_lock.h"
#include "base/json_depth.h"
#include "base/utf8.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <cstring>

namespace hfc::run {
namespace {

/// Compares an event with the one that the original run logged. Names, strings and integers
/// (series, epoch, step) must agree; measured values may differ.
bool same_event(const Json& before, const Json& now) {
    if (before.is_object() && now.is_object()) {
        if (before.size() != now.size()) {
            return false;
        }
        for (const auto& [key, value] : now.items()) {
            if (!before.contains(key) || !same_event(before.at(key), value)) {
                return false;
            }
        }
        return true;
    }
    if (before.is_array() && now.is_array()) {
        return std::equal(before.begin(), before.end(), now.begin(), now.end(), same_event);
    }
    const auto may_be_measured = [](const Json& value) {
        return value.is_number() || value.is_null();
    };
    if (may_be_measured(before) && may_be_measured(now) &&
        !(before.is_number_integer() && now.is_number_integer())) {
        return true;
    }
    return before == now;
}

/// If the line is not an event, the result is a JSON value other than an object.
Json parse(std::string_view line) {
    return nests_deeper(line) ? Json() : Json::parse(line, nullptr, /*allow_exceptions=*/false);
}

}  // namespace

std::string to_text(const Json& json, int indent) {
    return json_text(json, indent) + '\n';
}

EventLog::EventLog(const std::filesystem::path& path, Open mode)
    : path_(path),
      file_(::open(path.c_str(),
                   O_RDWR | O_APPEND | O_CLOEXEC | (mode == Open::fresh ? O_CREAT | O_EXCL : 0),
                   0666)) {
    require(file_.open(), "cannot write '{}': {}", path.string(), std::strerror(errno));
    require(lock_file(file_.get()) || errno != EWOULDBLOCK,
            "the run directory '{}' is in use by another process", path.parent_path().string());
    if (mode == Open::resume) {
        check();
    }
}

/// Checks the file of an earlier process: each line must be an event. Removes a truncated last
/// line.
void EventLog::check() {
    LineReader lines(file_.get(), path_);
    Json last = Json::object();
    int64_t number = 0;
    while (const auto line = lines.next()) {
        last = parse(*line);
        require(last.is_object(), "'{}': line {} is not an event", path_.string(), ++number);
    }
    const auto end = lines.offset();
    require(::ftruncate(file_.get(), static_cast<off_t>(end)) == 0,
            "cannot remove the truncated last line of '{}': {}", path_.string(),
            std::strerror(errno));
    if (last.contains("time") && last["time"].is_number()) {
        constexpr double most = 1e9;  // about thirty years; a clock can hold ten times as much
        const std::chrono::duration<double> seconds(last["time"].get<double>());
        require(seconds.count() >= 0 && seconds.count() <= most,
                "'{}': the last event's time is {}, expected 0 to {} seconds", path_.string(),
                seconds.count(), most);
        started_ -= std::chrono::duration_cast<std::chrono::steady_clock::duration>(seconds);
    }
    earlier_ = earlier_lines_.emplace(file_.get(), path_, end).next();
}

void EventLog::for_each(const std::function<void(const Json&)>& visit) const {
    LineReader lines(file_.get(), path_, told_);
    while (const auto line = lines.next()) {
        if (const auto event = parse(*line); event.is_object()) {
            visit(event);
        }
    }
}

void EventLog::require_told_before(const Json& event, const std::string& line) const {
    auto before = parse(line);
    auto now = as_read_back(event);
    if (before.is_object()) {
        before.erase("time");
        // If training resumes with a different number of processes, different parts of a step are
        // timed.
        before.erase("milliseconds");
        now.erase("milliseconds");
    }
    require(same_event(before, now),
            "cannot resume: the script no longer logs the same events as the original run: line "
            "{} of '{}' is {}, but the script now logs {}",
            told_lines_ + 1, path_.string(), json_text(before), json_text(event));
}

void EventLog::append(const Json& event) {
    require(event.is_object(), "an event must be a table with named values, got {}",
            event.type_name());
    require(!event.contains("time"),
            "the key 'time' is reserved for the seconds since the start of the run; choose a "
            "different key");
    if (!earlier_) {
        write(event);
        return;
    }
    require_told_before(event, *earlier_);
    told_ = earlier_lines_->offset();
    ++told_lines_;
    earlier_ = earlier_lines_->next();
}

void EventLog::write(const Json& event) {
    struct stat status = {};
    require(::fstat(file_.get(), &status) != 0 || status.st_nlink > 0,
            "'{}' was deleted during the run; its contents are lost, so start the run again",
            path_.string());
    auto full = event;
    const auto seconds =
        std::chrono::duration<double>(std::chrono::steady_clock::now() - started_).count();
    full["time"] = std::round(seconds * 1000) / 1000;
    const off_t before = ::lseek(file_.get(), 0, SEEK_END);
    const auto line = to_text(full);
    if (!write_all(file_.get(), line)) {
        const int reason = errno;
        const bool whole = before >= 0 && ::ftruncate(file_.get(), before) == 0;
        fail("cannot write '{}': {}{}", path_.string(), std::strerror(reason),
             whole ? "" : "; its last line is truncated");
    }
    told_ = static_cast<uint64_t>(std::max<off_t>(before, 0)) + line.size();
}

}  // namespace hfc::run
