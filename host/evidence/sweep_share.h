// A sweep that several processes work on: the tasks of a Slurm array, or the ranks of mpirun or
// srun. Each does every n-th run and keeps a log of its own, so that none waits for another.
#pragma once

#include "host/evidence/sweep_directory.h"

#include <filesystem>
#include <string>

namespace hfc::host {

/// Which of the runs are this process's: index, index + count, ...
struct SweepShare {
    int64_t index = 0;
    int64_t count = 1;
    /// "0-of-4": of its log.
    std::string name() const;
};

/// By the environment of a Slurm array, of mpirun or of srun. Throws Error where there is none.
SweepShare share_of_environment();

/// Writes array.sh into the sweep's directory: a batch script for Slurm with a task for each run.
/// Returns its path.
std::filesystem::path write_array_script(const SweepDirectory& sweep);

}  // namespace hfc::host
