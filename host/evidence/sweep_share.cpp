#include "host/evidence/sweep_share.h"

#include "base/error.h"
#include "base/file.h"
#include "host/evidence/child.h"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <optional>

namespace hfc::host {
namespace {

std::optional<int64_t> number_in(const char* variable) {
    const char* const text = std::getenv(variable);
    return text != nullptr ? std::optional(std::strtoll(text, nullptr, 10)) : std::nullopt;
}

/// Quotes a word for a shell script.
std::string quoted(const std::string& text) {
    std::string result = "'";
    for (const char c : text) {
        if (c == '\'') {
            result += "'\\'";
        }
        result += c;
    }
    return result + "'";
}

}  // namespace

std::string SweepShare::name() const {
    return fmt::format("{}-of-{}", index, count);
}

SweepShare share_of_environment() {
    if (const auto task = number_in("SLURM_ARRAY_TASK_ID")) {
        const auto first = number_in("SLURM_ARRAY_TASK_MIN").value_or(0);
        const auto step = std::max<int64_t>(1, number_in("SLURM_ARRAY_TASK_STEP").value_or(1));
        return {(*task - first) / step, number_in("SLURM_ARRAY_TASK_COUNT").value_or(1)};
    }
    constexpr std::array<std::array<const char*, 2>, 2> launchers = {
        {{"OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE"},
         {"SLURM_PROCID", "SLURM_STEP_NUM_TASKS"}}};
    for (const auto& [rank, size] : launchers) {
        const auto index = number_in(rank), count = number_in(size);
        if (index && count && *count >= 1) {
            return {*index, *count};
        }
    }
    fail(
        "option --share works only in a task of a Slurm array or in a process started by mpirun "
        "or srun; neither SLURM_ARRAY_TASK_ID nor the rank variables of mpirun or srun are set");
}

std::filesystem::path write_array_script(const SweepDirectory& sweep) {
    const auto& settings = sweep.settings();
    const auto path = sweep.path() / "array.sh";
    const auto script = fmt::format(
        "#!/bin/bash\n"
        "# Written by hfc-host sweep --slurm. Each task is one run. Submit this file again to\n"
        "# continue after a time limit. When all runs have finished: hfc-host sweep --collect {0}\n"
        "#SBATCH --job-name={1}\n"
        "#SBATCH --array=0-{2}\n"
        "#SBATCH --ntasks=1\n"
        "#SBATCH --cpus-per-task={3}\n"
        "#SBATCH --output={4}/slurm-%a.out\n"
        "#SBATCH --open-mode=append\n"
        "# Two minutes before the time limit, the run receives a signal to stop with a "
        "checkpoint.\n"
        "#SBATCH --signal=B:USR1@120\n"
        "exec {5} sweep --share {0}\n",
        quoted(sweep.path().string()), settings.name, settings.items.size() - 1, settings.threads,
        sweep.path().string(), quoted(host_program()));
    write_file(path, script);
    return path;
}

}  // namespace hfc::host
