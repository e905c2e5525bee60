// Keeps a given number of runs of a sweep running until all have ended or the user stops the sweep.
#pragma once

#include "host/evidence/sweep_directory.h"
#include "host/evidence/sweep_share.h"

#include <chrono>
#include <cstddef>
#include <map>
#include <vector>

namespace hfc::host {

class SweepRunner {
  public:
    /// share: the share of the runs to perform.
    SweepRunner(SweepDirectory& sweep, int jobs, const SweepShare& share = {});

    /// Returns 0, or 130 or 143 if the user stopped the sweep. On an error, for example if the disk
    /// is full, ends all runs and then throws Error.
    int run();

  private:
    using Clock = std::chrono::steady_clock;
    struct Running {
        const evidence::SweepItem* item;
        Clock::time_point started;
        bool resumed;
        uint64_t log_begin;  ///< where this attempt starts in the item's log
    };

    bool needs_run(const evidence::SweepItem& item) const;
    void start(const evidence::SweepItem& item);
    /// Returns false if the user stops the sweep during the wait.
    bool wait_for_locks(const evidence::SweepItem& item);
    std::vector<std::string> arguments_for(const evidence::SweepItem& item, bool resumed) const;
    void start_what_fits();
    void wait_for_news(std::chrono::milliseconds most);
    void reap();
    void take_end(const Running& running, int status);
    void stop(int signal);
    void end_all();
    std::string time_left() const;

    SweepDirectory& sweep_;
    size_t jobs_;
    bool joins_;  ///< whether to write the joined tables when runs finish
    std::vector<const evidence::SweepItem*> waiting_;
    size_t next_ = 0;   ///< index into waiting_
    size_t ended_ = 0;  ///< runs that have ended or did not need to run
    std::map<pid_t, Running> running_;
    int signal_ = 0;  ///< the signal with which the user stopped the sweep
};

}  // namespace hfc::host
