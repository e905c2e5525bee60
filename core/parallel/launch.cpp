#include "parallel/launch.h"

#include "base/error.h"
#include "base/interrupt.h"
#include "parallel/group.h"
#include "parallel/module.h"

#include <ATen/ATen.h>
#include <torch/csrc/distributed/c10d/ProcessGroup.hpp>

#include <dlfcn.h>
#include <fcntl.h>
#include <sched.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <thread>
#include <vector>

namespace hfc::parallel {
namespace {

namespace fs = std::filesystem;

constexpr const char* module_file = "libhfc_parallel_mpi.so";

/// The processes of this job, if there are several.
struct Job {
    std::unique_ptr<Group> group;
    HfcParallelEnd end = nullptr;
    HfcParallelAbort abort = nullptr;
    int64_t ranks_here = 1;
    bool agreed = false;
};

Job& job() {
    static Job the_job;
    return the_job;
}

int64_t number_in(const char* variable) {
    const char* const text = std::getenv(variable);
    return text != nullptr ? std::strtoll(text, nullptr, 10) : 0;
}

/// The rank from the environment variables that the launcher sets, or 0 if none is set.
int64_t rank_at_start() {
    for (const auto* variable : {"OMPI_COMM_WORLD_RANK", "PMIX_RANK", "SLURM_PROCID"}) {
        if (std::getenv(variable) != nullptr) {
            return number_in(variable);
        }
    }
    return 0;
}

/// Looks for the module next to the program, then where the build put it.
fs::path find_module() {
    std::error_code error;
    const auto program = fs::read_symlink("/proc/self/exe", error);
    for (const auto& path :
         {program.parent_path() / module_file, fs::path(HFC_PARALLEL_FOLDER) / module_file}) {
        if (fs::is_regular_file(path, error)) {
            return path;
        }
    }
    return {};
}

template <typename Function>
Function function_of(void* module, const char* name) {
    auto* const address = ::dlsym(module, name);
    require(
        address != nullptr,
        "the module '{}' has no function '{}': it was built for a different version of the program",
        module_file, name);
    return reinterpret_cast<Function>(address);
}

void require_module(const fs::path& path, const std::string& why) {
    require(!path.empty(),
            "{}, but this build has no module for MPI: install OpenMPI (tools/setup --mpi) and "
            "build again, or use --parallel none, which starts independent processes",
            why);
}

/// Without PMIx, OpenMPI would end the process with a page of text.
void require_pmix(const Launcher& launcher) {
    require(
        launcher.name != "srun" || std::getenv("PMIX_RANK") != nullptr,
        "srun has started {} processes without PMIx, which OpenMPI requires: start them with srun "
        "--mpi=pmix, or use --parallel none, which starts independent processes",
        launcher.size);
}

/// With several processes on one standard output, everything would be printed several times.
void silence_output() {
    std::fflush(stdout);
    const int nowhere = ::open("/dev/null", O_WRONLY | O_CLOEXEC);
    if (nowhere >= 0) {
        ::dup2(nowhere, STDOUT_FILENO);
        ::close(nowhere);
    }
}

void load(const fs::path& path, const LaunchOptions& options, const Launcher& launcher) {
    // RTLD_GLOBAL, because OpenMPI loads components that need its symbols.
    void* const module = ::dlopen(path.c_str(), RTLD_NOW | RTLD_GLOBAL);
    require(module != nullptr, "the module '{}' cannot be loaded: {}", path.string(), ::dlerror());
    const auto begin_module = function_of<HfcParallelBegin>(module, "hfc_parallel_begin");
    auto& all = job();
    all.end = function_of<HfcParallelEnd>(module, "hfc_parallel_end");
    all.abort = function_of<HfcParallelAbort>(module, "hfc_parallel_abort");
    HfcParallel result = {};
    std::array<char, 512> message = {};
    require(begin_module(options.timeout, &result, message.data(), message.size()) == 0,
            "the processes of this job cannot communicate through MPI: {}", message.data());
    all.group = make_group(c10::intrusive_ptr<c10d::ProcessGroup>::reclaim(result.group));
    all.ranks_here = result.local_size;
    set_world(all.group.get());
    if (launcher.size > 0 && launcher.size != world().size()) {
        fail(
            "{} has started {} processes, but MPI sees {}: the launcher is part of a different MPI "
            "installation",
            launcher.name, launcher.size, world().size());
    }
}

}  // namespace

std::optional<Launcher> find_launcher() {
    if (const auto size = number_in("OMPI_COMM_WORLD_SIZE"); size > 0) {
        return Launcher{"mpirun", size};
    }
    // SLURM_NTASKS is set in a batch script, too; SLURM_STEP_NUM_TASKS is set only in a job step.
    if (const auto size = number_in("SLURM_STEP_NUM_TASKS");
        size > 0 && std::getenv("SLURM_PROCID") != nullptr) {
        return Launcher{"srun", size};
    }
    if (std::getenv("PMIX_RANK") != nullptr) {
        return Launcher{"a launcher with PMIx", 0};
    }
    return {};
}

void begin(const LaunchOptions& options) {
    const std::vector<std::string> ways = {"auto", "none", "mpi"};
    require(options.way != "nccl",
            "option --parallel: this build has no module for nccl, because no GPU was available "
            "to test it; expected one of {}",
            fmt::join(ways, ", "));
    require(std::ranges::find(ways, options.way) != ways.end(),
            "option --parallel: expected one of {}, got '{}'", fmt::join(ways, ", "), options.way);
    require(options.timeout > 0,
            "option --parallel-timeout: expected a number of seconds above 0, got {}",
            options.timeout);
    const auto launcher = find_launcher();
    const bool several = launcher && launcher->size != 1;
    if (options.way == "none" || (options.way == "auto" && !several)) {
        return;
    }
    const auto path = find_module();
    require_module(path, options.way == "mpi" ? "option --parallel: mpi was requested"
                                              : launcher->name + " has started several processes");
    if (several) {
        require_pmix(*launcher);
    }
    load(path, options, launcher.value_or(Launcher()));
    if (world().size() > 1) {
        silence_interrupt_message();  // otherwise every process would print it
    }
    if (!world().leads()) {
        silence_output();
    }
}

bool is_begun() noexcept {
    return job().group != nullptr;
}

int64_t fair_threads(int64_t cores) {
    auto& group = world();
    if (group.size() == 1) {
        return cores;
    }
    cpu_set_t mask;
    CPU_ZERO(&mask);
    ::sched_getaffinity(0, sizeof mask, &mask);
    auto users = at::zeros({CPU_SETSIZE}, at::kDouble);
    for (int cpu = 0; cpu < CPU_SETSIZE; ++cpu) {
        users[cpu] = CPU_ISSET(cpu, &mask) ? 1 : 0;
    }
    const auto mine = users.clone();
    group.all_reduce(users, Reduction::sum);
    // The sum covers all machines, which are assumed to be alike.
    const auto machines = std::max<int64_t>(1, group.size() / job().ranks_here);
    const auto here = (users / static_cast<double>(machines)).clamp_min(1);
    const auto own = static_cast<int64_t>((mine / here).sum().item<double>() + 1e-6);
    return -group.agree(-std::clamp<int64_t>(own, 1, cores));
}

void before_message() noexcept {
    const auto& all = job();
    const bool follows = all.group ? !all.group->leads() : find_launcher() && rank_at_start() > 0;
    if (follows && !all.agreed) {
        std::this_thread::sleep_for(std::chrono::seconds(1));
    }
}

std::string teller() {
    const auto& all = job();
    return all.group && all.group->size() > 1 ? fmt::format("hfc-host: rank {}", all.group->rank())
                                              : "hfc-host";
}

void agree_to_end() noexcept {
    job().agreed = true;
}

bool has_agreed() noexcept {
    return job().agreed;
}

int finish(int status) {
    auto& all = job();
    if (!all.end) {
        return status;
    }
    std::fflush(stdout);
    std::fflush(stderr);
    set_time_limit(0);
    std::signal(SIGUSR1, SIG_IGN);  // the work is finished
    const bool alone = !all.group || all.group->size() == 1;
    if (status != 0 && !alone && !all.agreed) {
        all.abort(status);
    }
    if (all.group) {
        all.end();
    }
    set_world(nullptr);
    all.group.reset();
    return status;
}

}  // namespace hfc::parallel
