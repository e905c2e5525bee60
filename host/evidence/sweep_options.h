// The command line of hfc-host sweep.
#pragma once

#include "host/evidence/command_words.h"

#include <cstdint>
#include <string>
#include <vector>

namespace hfc::host {

struct SweepOptions {
    std::string script;
    std::vector<std::string> arguments;  ///< of the script, with several values of some options
    int64_t seeds = 0;                   ///< 0: not given
    int jobs = 0;                        ///< 0: not given
    int threads = 0;                     ///< of each run; 0: not given
    std::string device = "auto";
    std::string data;
    bool deterministic = false;
    std::string out;
    std::string resume;  ///< the directory of a sweep to go on with
    std::string from;    ///< finished runs, as CSV
    std::string save;    ///< where to add finished runs
    bool dry_run = false;
    bool slurm = false;   ///< write a batch script for a Slurm array, and start nothing
    std::string share;    ///< the directory of a sweep, of which this process does its share
    std::string collect;  ///< the directory of a sweep whose shares have run
};

/// words: what follows `hfc-host sweep`. Throws CommandExit.
SweepOptions parse_sweep(const std::vector<std::string>& words);

}  // namespace hfc::host
