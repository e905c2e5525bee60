// metrics.jsonl of a run directory: one event per line, each written as a complete line.
#pragma once

#include "base/file.h"
#include "run/line_reader.h"

#include <nlohmann/json.hpp>

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>

namespace hfc::run {

using Json = nlohmann::ordered_json;

/// Returns a JSON value as one line of text. Bytes that are not UTF-8 become U+FFFD. indent: as for
/// Json::dump.
std::string to_text(const Json& json, int indent = -1);

/// Only one process at a time can have a log open. The process holds a lock, which is released when
/// the process ends, for whatever reason.
class EventLog {
  public:
    enum class Open {
        fresh,   ///< the file must not exist
        resume,  ///< the file must exist; a truncated last line is removed
    };

    /// Throws Error naming the file if it cannot be opened, if another process has it open, or (for
    /// Open::resume) if it contains a line that is not an event.
    EventLog(const std::filesystem::path& path, Open mode);
    EventLog(const EventLog&) = delete;
    EventLog& operator=(const EventLog&) = delete;

    /// Appends an event (an object, to which "time", the seconds since the start, is added).
    /// Readers of the file see it immediately. After a resume, the script logs its events again.
    /// Events that are already in the file are not written twice, but they must be the same (the
    /// same names, and the same values except for measured times). Throws Error if the event is not
    /// an object, already has a "time", differs from the earlier one, or cannot be written
    /// completely (full disk); an incomplete line is then removed.
    void append(const Json& event);

    /// Whether the next event is already in the file from an earlier process. If so, everything
    /// that belongs to the event has been written as well.
    bool repeats() const { return earlier_.has_value(); }

    /// Visits all events logged so far, in order. They are read from the file, because a log may
    /// not fit in memory.
    void for_each(const std::function<void(const Json&)>& visit) const;

  private:
    void check();
    void write(const Json& event);
    void require_told_before(const Json& event, const std::string& line) const;

    std::filesystem::path path_;
    Descriptor file_;
    uint64_t told_ = 0;  ///< the size of the events logged so far, at the start of the file
    std::optional<LineReader> earlier_lines_;  ///< after a resume, reads the earlier events
    std::optional<std::string> earlier_;       ///< the next earlier event, if there is one
    int64_t told_lines_ = 0;                   ///< the number of earlier events logged again so far
    std::chrono::steady_clock::time_point started_ = std::chrono::steady_clock::now();
};

}  // namespace hfc::run
