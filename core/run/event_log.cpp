#include "run/event_log.h"

#include "base/error.h"
#include "base/file.h"
#include "base/json_depth.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <cstring>

namespace hfc::run {
namespace {

/// 0, or the errno of what went wrong.
int write_all(int file, const std::string& line) {
    size_t done = 0;
    while (done < line.size()) {
        const ssize_t written = ::write(file, line.data() + done, line.size() - done);
        if (written < 0 && errno == EINTR) {
            continue;
        }
        if (written <= 0) {
            return written < 0 ? errno : ENOSPC;
        }
        done += static_cast<size_t>(written);
    }
    return 0;
}

/// Of two tellings of one event the names must agree, and the texts and whole numbers (series,
/// epoch, step); what is measured may differ.
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

}  // namespace

std::string to_text(const Json& json, int indent) {
    return json.dump(indent, ' ', false, Json::error_handler_t::replace) + '\n';
}

EventLog::EventLog(const std::filesystem::path& path, Open mode) : path_(path) {
    const int creation = mode == Open::fresh ? O_CREAT | O_EXCL : 0;
    file_ = ::open(path.c_str(), O_WRONLY | O_APPEND | O_CLOEXEC | creation, 0666);
    require(file_ >= 0, "cannot write '{}': {}", path.string(), std::strerror(errno));
    try {
        require(::flock(file_, LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK,
                "the run directory '{}' is in use by another process", path.parent_path().string());
        if (mode == Open::resume) {
            read();
        }
    } catch (...) {
        ::close(file_);
        throw;
    }
}

EventLog::~EventLog() {
    ::close(file_);
}

void EventLog::read() {
    const auto text = read_file(path_);
    size_t begin = 0;
    for (size_t end = text.find('\n'); end != std::string::npos; end = text.find('\n', begin)) {
        const auto line = std::string_view(text).substr(begin, end - begin);
        auto event =
            nests_deeper(line) ? Json() : Json::parse(line, nullptr, /*allow_exceptions=*/false);
        require(event.is_object(), "'{}', line {} is no event", path_.string(),
                earlier_.size() + 1);
        earlier_.push_back(std::move(event));
        begin = end + 1;
    }
    require(begin == text.size() || ::ftruncate(file_, static_cast<off_t>(begin)) == 0,
            "cannot cut the torn last line off '{}': {}", path_.string(), std::strerror(errno));
    if (!earlier_.empty() && earlier_.back().contains("time") &&
        earlier_.back()["time"].is_number()) {
        const std::chrono::duration<double> seconds(earlier_.back()["time"].get<double>());
        started_ -= std::chrono::duration_cast<std::chrono::steady_clock::duration>(seconds);
    }
}

void EventLog::require_told_before(const Json& event, const Json& before) const {
    auto timeless = before;
    timeless.erase("time");
    require(same_event(timeless, event),
            "the script logs other events than the run that it goes on with: line {} of '{}' is "
            "{}, and now it would be {}",
            told_ + 1, path_.string(),
            timeless.dump(-1, ' ', false, Json::error_handler_t::replace),
            event.dump(-1, ' ', false, Json::error_handler_t::replace));
}

void EventLog::append(const Json& event) {
    require(event.is_object(), "run:log: an event must be a table with named values, got {}",
            event.type_name());
    require(!event.contains("time"),
            "run:log: the key 'time' is the run's own (seconds since its start); choose another");
    if (told_ < earlier_.size()) {
        require_told_before(event, earlier_[told_]);
        events_.push_back(earlier_[told_++]);
        return;
    }
    struct stat status = {};
    require(::fstat(file_, &status) != 0 || status.st_nlink > 0,
            "run:log: '{}' has been deleted while the run went on; what it held is lost, so begin "
            "the run anew",
            path_.string());
    auto full = event;
    const auto seconds =
        std::chrono::duration<double>(std::chrono::steady_clock::now() - started_).count();
    full["time"] = std::round(seconds * 1000) / 1000;
    const off_t before = ::lseek(file_, 0, SEEK_END);
    if (const int reason = write_all(file_, to_text(full)); reason != 0) {
        const bool whole = before >= 0 && ::ftruncate(file_, before) == 0;
        fail("run:log: cannot write '{}': {}{}", path_.string(), std::strerror(reason),
             whole ? "" : "; its last line is torn");
    }
    events_.push_back(std::move(full));
}

}  // namespace hfc::run
