// hfc.profile: the time of a function's operators, measured by LibTorch's profiler.
#include "base/device.h"
#include "base/file.h"
#include "bindings/hfc/register.h"
#include "bindings/runtime/error.h"
#include "bindings/runtime/registry.h"

#include <c10/util/env.h>
#include <torch/csrc/autograd/profiler_kineto.h>

#include <algorithm>
#include <map>

namespace hfc::lua {
namespace {

namespace profiler = torch::autograd::profiler;
using torch::profiler::impl::ActivityType;

struct OperatorTime {
    int64_t calls = 0;
    double total_ms = 0;  ///< including the operators that it calls
    double own_ms = 0;
};

struct OpenEvent {
    int64_t end;
    OperatorTime* of;
};

/// Sums the times by name. Events of a thread are nested; the time of an inner event is not part of
/// its caller's own time.
std::map<std::string, OperatorTime> times_by_operator(
    const std::vector<profiler::KinetoEvent>& events, bool on_device) {
    std::vector<const profiler::KinetoEvent*> sorted;
    for (const auto& event : events) {
        if ((event.deviceType() != c10::DeviceType::CPU) == on_device) {
            sorted.push_back(&event);
        }
    }
    std::stable_sort(sorted.begin(), sorted.end(), [](const auto* a, const auto* b) {
        return std::pair(a->startNs(), b->durationNs()) < std::pair(b->startNs(), a->durationNs());
    });
    std::map<std::string, OperatorTime> times;
    std::map<uint64_t, std::vector<OpenEvent>> open;
    for (const auto* event : sorted) {
        auto& time = times[event->name()];
        auto& around = open[event->startThreadId()];
        const auto begin = static_cast<int64_t>(event->startNs());
        const double ms = static_cast<double>(event->durationNs()) / 1e6;
        while (!around.empty() && around.back().end <= begin) {
            around.pop_back();
        }
        if (!around.empty() && !on_device) {
            around.back().of->own_ms -= ms;
        }
        ++time.calls;
        time.total_ms += ms;
        time.own_ms += ms;
        around.push_back({begin + static_cast<int64_t>(event->durationNs()), &time});
    }
    return times;
}

void print_times(const std::map<std::string, OperatorTime>& times, const char* title, size_t rows) {
    std::vector<std::pair<std::string, OperatorTime>> sorted(times.begin(), times.end());
    std::stable_sort(sorted.begin(), sorted.end(), [](const auto& a, const auto& b) {
        return a.second.own_ms > b.second.own_ms;
    });
    double all = 0;
    for (const auto& [name, time] : sorted) {
        all += time.own_ms;
    }
    fmt::print("{:<48} {:>8} {:>12} {:>7} {:>12}\n", title, "calls", "own ms", "share",
               "with inner");
    for (size_t i = 0; i < std::min(rows, sorted.size()); ++i) {
        const auto& [name, time] = sorted[i];
        const auto shown = name.size() > 48 ? fmt::format("{:.45}...", name) : name;
        fmt::print("{:<48} {:>8} {:>12.3f} {:>6.1f}% {:>12.3f}\n", shown, time.calls, time.own_ms,
                   100 * time.own_ms / std::max(all, 1e-9), time.total_ms);
    }
    fmt::print("{:<48} {:>8} {:>12.3f}\n", "all", "", all);
}

/// Ends the profiler even if the function fails.
class Recording {
  public:
    Recording() {
        // Otherwise, the profiler prints messages on standard error when it starts and ends.
        // set_env() makes other threads of LibTorch wait if they read a variable at the same time.
        c10::utils::set_env("KINETO_LOG_LEVEL", "99", /*overwrite=*/false);
        const torch::profiler::impl::ProfilerConfig config(
            torch::profiler::impl::ProfilerState::KINETO);
        std::set<ActivityType> activities = {ActivityType::CPU};
        if (cuda_status().usable) {
            activities.insert(ActivityType::CUDA);
        }
        profiler::prepareProfiler(config, activities);
        profiler::enableProfiler(config, activities);
    }
    ~Recording() {
        if (running_) {
            profiler::disableProfiler();
        }
    }
    Recording(const Recording&) = delete;
    Recording& operator=(const Recording&) = delete;
    std::unique_ptr<profiler::ProfilerResult> end() {
        running_ = false;
        return profiler::disableProfiler();
    }

  private:
    bool running_ = true;
};

/// LibTorch's profiler does not report an error if it cannot write the file. Therefore, the trace
/// is written to another file, which is renamed to `path` if it is complete.
void save_trace(profiler::ProfilerResult& result, const std::string& path) {
    const std::string unfinished = path + ".part";
    result.save(unfinished);
    std::string text;
    try {
        text = read_file(unfinished);
    } catch (const Error&) {
        // The code below treats this as an empty file.
    }
    std::error_code error;
    const size_t last = text.find_last_not_of(" \n");
    if (last != std::string::npos && text[last] == '}') {
        std::filesystem::rename(unfinished, path, error);
    } else {
        std::filesystem::remove(unfinished, error);
        fail("option 'trace': cannot write '{}'", path);
    }
    require(!error, "option 'trace': cannot write '{}': {}", path, error.message());
}

int profile(Call& call) {
    call.at_most(2);
    if (!lua_isfunction(call.L, 1)) {
        call.argument(1, "function").expected("a function");
    }
    auto options = call.options(2);
    const std::string trace = options.text("trace", "profile.json");
    const auto rows = options.integer("rows", 15);
    options.finish();
    require(rows >= 1, "option 'rows': expected at least 1, got {}", rows);
    require(!torch::profiler::impl::profilerEnabled(),
            "a function that is being profiled cannot call hfc.profile");
    if (!trace.empty()) {
        // Renaming a file to the name of a device would replace the device.
        const auto there = std::filesystem::status(trace).type();
        require(there == std::filesystem::file_type::not_found ||
                    there == std::filesystem::file_type::regular,
                "option 'trace': '{}' is not a regular file", trace);
        const OutputFile can_be_written(trace + ".part");  // throws before the function runs
    }
    lua_settop(call.L, 1);
    Recording recording;
    protected_call(call.L, 0, LUA_MULTRET);
    const auto result = recording.end();
    print_times(times_by_operator(result->events(), false), "operator", static_cast<size_t>(rows));
    if (const auto kernels = times_by_operator(result->events(), true); !kernels.empty()) {
        print_times(kernels, "on the GPU", static_cast<size_t>(rows));
    }
    if (!trace.empty()) {
        save_trace(*result, trace);
        fmt::print("trace: {} (open it in chrome://tracing or ui.perfetto.dev)\n", trace);
    }
    return lua_gettop(call.L);
}

const std::vector<Declaration> profile_declarations = {
    {"hfc.profile", profile,
     "hfc.profile(function() ... end, {rows = 15, trace = \"profile.json\"}) -> the function's "
     "results\n\n"
     "Runs the function under LibTorch's profiler and prints the `rows` operators that took the "
     "most time. `own ms` excludes, and `with inner` includes, the operators that an operator "
     "calls. GPU kernels are listed separately.\n"
     "trace: the file for the whole profile in Chrome's trace format, or \"\" for no file.\n"
     "Errors: an error in the function, a file that cannot be written, a nested call of "
     "hfc.profile."},
};

}  // namespace

namespace detail {

void register_profile(lua_State* L) {
    declare(L, profile_declarations);
}

}  // namespace detail
}  // namespace hfc::lua
