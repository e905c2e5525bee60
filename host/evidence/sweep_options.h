// The command line of hfc-host sweep.
#pragma once

#include "host/evidence/command_words.h"

#include <cstdint>
#include <string>
#include <vector>

namespace hfc::host {

struct SweepOptions {
    std::string script;
    /// The script's arguments, with several values for some options.
    std::vector<std::string> arguments;
    int64_t seeds = 0;  ///< 0 if not given
    int jobs = 0;       ///< 0 if not given
    int threads = 0;    ///< threads per run; 0 if not given
    std::string device = "auto";
    std::string data;
    bool deterministic = false;
    std::string out;
    std::string resume;  ///< the directory of a sweep to continue
    std::string from;    ///< a CSV file with finished runs
    std::string save;    ///< the file to which finished runs are added
    bool dry_run = false;
    bool slurm = false;   ///< write a batch script for a Slurm array, and start no runs
    std::string share;    ///< the directory of a sweep; this process performs its share
    std::string collect;  ///< the directory of a sweep whose shares have finished
};

/// words: the arguments after `hfc-host sweep`. Throws CommandExit.
SweepOptions parse_sweep(const std::vector<std::string>& words);

}  // namespace hfc::host
