#include "host/evidence/sweep_start.h"

#include "base/counted.h"
#include "base/error.h"
#include "base/file_name.h"
#include "base/machine.h"
#include "base/utf8.h"
#include "host/evidence/child.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cstdio>
#include <cstdlib>

extern char** environ;

namespace hfc::host {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

/// A temporary directory, which is removed at the end of the scope.
class TemporaryFolder {
  public:
    TemporaryFolder() {
        auto pattern = (fs::temp_directory_path() / "hfc-sweep-XXXXXX").string();
        require(::mkdtemp(pattern.data()) != nullptr, "cannot create a temporary directory in '{}'",
                fs::temp_directory_path().string());
        path_ = pattern;
    }
    ~TemporaryFolder() {
        std::error_code ignored;
        fs::remove_all(path_, ignored);
    }
    TemporaryFolder(const TemporaryFolder&) = delete;
    TemporaryFolder& operator=(const TemporaryFolder&) = delete;
    const fs::path& path() const { return path_; }

  private:
    fs::path path_;
};

std::string without_end(std::string text) {
    while (!text.empty() && text.back() == '\n') {
        text.pop_back();
    }
    return text;
}

/// The name of a sweep, which is a part of its directory's name.
std::string name_of(const std::string& script) {
    const auto name = file_name_of(fs::path(script).stem().string());
    return name.empty() ? "script" : name;
}

/// The commit of the script's directory, such as "1a2b3c4d5e6f" or "1a2b3c4d5e6f-dirty"; empty if
/// git reports none.
std::string commit_of(const std::string& script) {
    const auto folder = fs::absolute(script).parent_path().string();
    std::array<int, 2> ends = {};
    if (::pipe2(ends.data(), O_CLOEXEC) != 0) {
        return "";
    }
    const Descriptor input(ends[0]);
    Descriptor output(ends[1]);
    posix_spawn_file_actions_t files;
    ::posix_spawn_file_actions_init(&files);
    ::posix_spawn_file_actions_adddup2(&files, output.get(), STDOUT_FILENO);
    ::posix_spawn_file_actions_addopen(&files, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
    std::vector<std::string> words = {"git",      "-C",      folder,        "describe",
                                      "--always", "--dirty", "--abbrev=12", "--exclude=*"};
    std::vector<char*> arguments;
    for (auto& word : words) {
        arguments.push_back(word.data());
    }
    arguments.push_back(nullptr);
    pid_t child = -1;
    const int error = ::posix_spawnp(&child, "git", &files, nullptr, arguments.data(), environ);
    ::posix_spawn_file_actions_destroy(&files);
    output.close();
    if (error != 0) {
        return "";
    }
    std::array<char, 256> text = {};
    size_t size = 0;
    ssize_t got = 0;
    while (size < text.size() &&
           (got = ::read(input.get(), text.data() + size, text.size() - size)) > 0) {
        size += static_cast<size_t>(got);
    }
    return wait_for_child(child) == 0 ? without_end(std::string(text.data(), size)) : "";
}

}  // namespace

evidence::SweepPlan ask_script(const SweepOptions& options) {
    const TemporaryFolder folder;
    const auto plan = folder.path() / "plan.json", output = folder.path() / "output";
    // --parallel none: even if a launcher started the sweep, it did not start this process.
    std::vector<std::string> arguments = {"--parallel",  "none",     "--write-plan",
                                          plan.string(), "--device", options.device};
    if (!options.data.empty()) {
        arguments.insert(arguments.end(), {"--data", options.data});
    }
    arguments.push_back(options.script);
    arguments.insert(arguments.end(), options.arguments.begin(), options.arguments.end());
    const int status =
        wait_for_child(start_child({.arguments = arguments, .output = output, .folder = {}}));
    std::error_code error;
    if (status != 0) {
        throw CommandExit{status == 1 ? 2 : status, without_end(read_file(output))};
    }
    if (!fs::exists(plan, error)) {
        fail("the script '{}' does not call hfc.options, so there is nothing to sweep over",
             options.script);
    }
    const auto json = Json::parse(read_file(plan), nullptr, false);
    return evidence::plan_from_json(json);
}

int jobs_for(const SweepSettings& settings, int wanted) {
    const int cores = usable_cpus();
    const int most = std::max(1, cores / settings.threads);
    require(wanted <= most,
            "option --jobs: {} runs with {} each need {} cores, more than the {} available", wanted,
            counted(settings.threads, "thread"), wanted * settings.threads, cores);
    return wanted > 0 ? wanted : std::min(settings.jobs, most);
}

SweepSettings settings_of(const SweepOptions& options) {
    auto plan = ask_script(options);
    if (options.seeds > 0) {
        evidence::choose_seeds(plan, options.seeds);
    }
    SweepSettings settings;
    settings.name = name_of(options.script);
    settings.folder = fs::current_path().string();
    settings.commit = commit_of(options.script);
    settings.device = plan.device;
    settings.data = options.data;
    settings.deterministic = options.deterministic;
    settings.jobs = std::max(1, options.jobs);
    const int cores = usable_cpus();
    const int share = options.deterministic ? 1 : std::max(1, cores / settings.jobs);
    settings.threads = options.threads > 0 ? options.threads : share;
    require(settings.threads <= cores,
            "option --threads: expected at most {} (the number of available cores), got {}", cores,
            settings.threads);
    settings.jobs = jobs_for(settings, settings.jobs);
    settings.items = items_of(plan, {.script = settings.name,
                                     .threads = settings.threads,
                                     .deterministic = settings.deterministic});
    for (const auto& item : settings.items) {
        require(std::ranges::all_of(item.arguments, is_utf8),
                "the script's options must be UTF-8, because a sweep stores them in a JSON file");
    }
    return settings;
}

}  // namespace hfc::host
