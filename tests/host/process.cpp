#include "process.h"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <thread>

namespace hfc::test {
namespace {

[[noreturn]] void become_host(const std::vector<std::string>& arguments,
                              const ProcessOptions& options, const std::filesystem::path& scratch) {
    const auto redirect = [](const std::filesystem::path& path, int flags, int target) {
        const int file = open(path.c_str(), flags, 0600);
        dup2(file, target);
        close(file);
    };
    redirect(scratch / "in", O_RDONLY, STDIN_FILENO);
    redirect(scratch / "out", O_WRONLY | O_CREAT | O_TRUNC, STDOUT_FILENO);
    redirect(scratch / "err", O_WRONLY | O_CREAT | O_TRUNC, STDERR_FILENO);
    if (!options.folder.empty() && chdir(options.folder.c_str()) != 0) {
        _exit(126);
    }
    for (const auto& entry : options.environment) {
        putenv(const_cast<char*>(entry.c_str()));
    }
    std::vector<char*> argv;
    for (const auto& word : options.launcher) {
        argv.push_back(const_cast<char*>(word.c_str()));
    }
    argv.push_back(const_cast<char*>(HFC_HOST));
    for (const auto& argument : arguments) {
        argv.push_back(const_cast<char*>(argument.c_str()));
    }
    argv.push_back(nullptr);
    if (options.before_start) {
        options.before_start();
    }
    execvp(argv.front(), argv.data());
    _exit(127);
}

}  // namespace

Result run(const std::vector<std::string>& arguments, const ProcessOptions& options) {
    const ScratchFolder scratch;
    scratch.write("in", options.input);
    const int pid = fork();
    if (pid == 0) {
        become_host(arguments, options, scratch.path());
    }
    if (options.while_running) {
        options.while_running(pid);
    }
    int status = 0;
    waitpid(pid, &status, 0);
    const int code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    return {code, read_text(scratch.path() / "out"), read_text(scratch.path() / "err")};
}

ScratchFolder::ScratchFolder() {
    std::string pattern = (std::filesystem::temp_directory_path() / "hfc-test-XXXXXX").string();
    if (mkdtemp(pattern.data()) == nullptr) {
        throw std::runtime_error("cannot make a scratch folder");
    }
    path_ = pattern;
}

ScratchFolder::~ScratchFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
}

std::string ScratchFolder::write(const std::string& name, const std::string& text) const {
    const auto file = path_ / name;
    std::ofstream(file, std::ios::binary) << text;
    return file.string();
}

std::string read_text(const std::filesystem::path& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
}

bool wait_until(const std::function<bool()>& so) {
    const auto last = std::chrono::steady_clock::now() + std::chrono::minutes(1);
    while (!so() && std::chrono::steady_clock::now() < last) {
        std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
    return so();
}

void wait_for(const std::filesystem::path& path) {
    wait_until([&] { return std::filesystem::exists(path); });
}

}  // namespace hfc::test
