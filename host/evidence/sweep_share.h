// A sweep that several processes work on: the tasks of a Slurm array, or the ranks of mpirun or
// srun. Each process performs every n-th run and writes its own log, so no process has to wait for
// another.
#pragma once

#include "host/evidence/sweep_directory.h"

#include <filesystem>
#include <string>

namespace hfc::host {

/// The runs of this process: index, index + count, ...
struct SweepShare {
    int64_t index = 0;
    int64_t count = 1;
    /// The share's name, which is part of its log's name: "0-of-4".
    std::string name() const;
};

/// Returns the share given by the environment of a Slurm array, mpirun or srun. Throws Error if
/// there is none.
SweepShare share_of_environment();

/// Writes array.sh into the sweep's directory: a batch script for Slurm with one task per run.
/// Returns its path.
std::filesystem::path write_array_script(const SweepDirectory& sweep);

}  // namespace hfc::host
