// metrics.jsonl of a run directory: one event a line, whole as soon as it is there.
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

/// One line of text for a JSON value; text that is not UTF-8 gets U+FFFD. indent: as for
/// Json::dump.
std::string to_text(const Json& json, int indent = -1);

/// Only one process at a time has a log open: the lock goes with the process, however it ends.
class EventLog {
  public:
    enum class Open {
        fresh,   ///< the file must not exist
        resume,  ///< the file must exist; a torn last line is cut off
    };

    /// Throws Error naming the file when it cannot be opened, is another process's, or (resume)
    /// holds a line that is no event.
    EventLog(const std::filesystem::path& path, Open mode);
    EventLog(const EventLog&) = delete;
    EventLog& operator=(const EventLog&) = delete;

    /// Appends an event (an object; "time", seconds since the start, is added), visible at once to
    /// whoever reads the file. A log taken up again is told its events anew, as the script comes by
    /// them: those that the file has are not written twice, but must be the same ones (the same
    /// names, and the same values but for measured numbers). Throws Error when the event is no
    /// object, brings a "time" of its own, is another one than before, or cannot be written whole
    /// (full disk); the torn line is then cut off again.
    void append(const Json& event);

    /// Whether the file has the next event from before: what belongs to it has been written, too.
    bool repeats() const { return earlier_.has_value(); }

    /// Visits all that have been told, in order. They are read from the file: a log may have more
    /// of them than memory holds.
    void for_each(const std::function<void(const Json&)>& visit) const;

  private:
    void check();
    void write(const Json& event);
    void require_told_before(const Json& event, const std::string& line) const;

    std::filesystem::path path_;
    Descriptor file_;
    uint64_t told_ = 0;                        ///< the events told are the first bytes of the file
    std::optional<LineReader> earlier_lines_;  ///< in a log taken up again: of events from before
    std::optional<std::string> earlier_;       ///< the next of them, while there is one
    int64_t told_lines_ = 0;                   ///< how many of them have been told again
    std::chrono::steady_clock::time_point started_ = std::chrono::steady_clock::now();
};

}  // namespace hfc::run
