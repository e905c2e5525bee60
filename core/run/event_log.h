// metrics.jsonl of a run directory: one event a line, whole as soon as it is there.
#pragma once

#include <nlohmann/json.hpp>

#include <chrono>
#include <filesystem>
#include <vector>

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
    ~EventLog();
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
    bool repeats() const { return told_ < earlier_.size(); }

    /// All that have been told, in order.
    const std::vector<Json>& events() const { return events_; }

  private:
    void read();
    void require_told_before(const Json& event, const Json& before) const;

    std::filesystem::path path_;
    int file_ = -1;
    std::vector<Json> events_;
    std::vector<Json> earlier_;  ///< in the file from before, and not told again yet: from told_ on
    size_t told_ = 0;
    std::chrono::steady_clock::time_point started_ = std::chrono::steady_clock::now();
};

}  // namespace hfc::run
