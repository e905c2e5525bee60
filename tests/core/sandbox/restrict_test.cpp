// Native code inside the sandbox, as after a fault in LibTorch: what it tries fails.
#include "attempts.h"

#include "base/error.h"
#include "sandbox/environment.h"
#include "sandbox/restrict.h"
#include "sandbox/system_files.h"
#include "scratch_folder.h"

#include <gmock/gmock.h>

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <sstream>
#include <thread>

namespace hfc::sandbox {
namespace {

using testing::AnyOf;

#ifdef _OPENMP
constexpr size_t kinds_of_threads = 3;
#else  // clang
constexpr size_t kinds_of_threads = 2;
#endif

std::string text_of(const std::filesystem::path& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
}

/// A process that does nothing, of the same user.
class Neighbour {
  public:
    Neighbour() : process_(::fork()) {
        if (process_ == 0) {
            ::prctl(PR_SET_PDEATHSIG, SIGKILL);
            for (;;) {
                ::pause();
            }
        }
    }
    ~Neighbour() {
        ::kill(process_, SIGKILL);
        ::waitpid(process_, nullptr, 0);
    }
    Neighbour(const Neighbour&) = delete;
    Neighbour& operator=(const Neighbour&) = delete;
    pid_t get() const { return process_; }
    bool alive() const { return ::waitpid(process_, nullptr, WNOHANG) == 0; }

  private:
    pid_t process_;
};

class Restricted : public testing::Test {
  protected:
    Restricted() {
        for (const char* folder : {"outside", "readable", "run"}) {
            std::filesystem::create_directory(scratch_.path() / folder);
        }
        std::ofstream(scratch_.path() / "outside/file") << "outside";
        std::ofstream(scratch_.path() / "readable/file") << "readable";
    }

    void SetUp() override {
        if (landlock_version() == 0) {
            GTEST_SKIP() << "this kernel has no Landlock";
        }
    }

    /// Runs `work` in a process that is restricted first; returns what it has written into the file
    /// whose descriptor it is given.
    std::string in_sandbox(int version, const std::function<void(int)>& work) {
        const int report = ::memfd_create("report", 0);
        const pid_t process = ::fork();
        if (process == 0) {
            try {
                auto reach = system_files();
                reach.readable.push_back(scratch_.path() / "readable");
                reach.writable.push_back(scratch_.path() / "run");
                restrict_process(reach, version);
                work(report);
                _exit(0);
            } catch (const std::exception& error) {
                ::dprintf(report, "exception: %s\n", error.what());
                _exit(1);
            }
        }
        int status = 0;
        ::waitpid(process, &status, 0);
        EXPECT_EQ(status, 0);
        const auto text = text_of(fmt::format("/proc/self/fd/{}", report));
        ::close(report);
        return text;
    }

    test::ScratchFolder scratch_{"sandbox"};
};

TEST_F(Restricted, NativeCodeGetsNowhereOnAnyThread) {
    const auto mode = std::filesystem::status(scratch_.path() / "outside/file").permissions();
    for (int version = 1; version <= landlock_version(); ++version) {
        const Neighbour neighbour;
        const auto attempts = test::attempts(scratch_.path(), neighbour.get());
        const auto report = in_sandbox(version, [&](int to) {
            test::report_attempts("main", attempts, to);
#pragma omp parallel num_threads(2)
            {
#pragma omp critical
                if (::gettid() != ::getpid()) {
                    test::report_attempts("OpenMP", attempts, to);
                }
            }
            std::thread([&] { test::report_attempts("std::thread", attempts, to); }).join();
        });
        std::istringstream lines(report);
        size_t count = 0;
        for (std::string line; std::getline(lines, line); ++count) {
            const int error = std::stoi(line.substr(line.rfind(' ')));
            EXPECT_THAT(error, AnyOf(EPERM, EACCES))
                << line << " (" << std::strerror(error) << "), Landlock " << version;
        }
        EXPECT_EQ(count, kinds_of_threads * attempts.size()) << report;
        EXPECT_TRUE(neighbour.alive());
        EXPECT_EQ(text_of(scratch_.path() / "outside/file"), "outside");
        EXPECT_EQ(text_of(scratch_.path() / "readable/file"), "readable");
        EXPECT_TRUE(std::filesystem::is_empty(scratch_.path() / "run"));
        for (const char* folder : {"outside", "readable"}) {
            const std::filesystem::directory_iterator entries(scratch_.path() / folder);
            EXPECT_EQ(std::distance(begin(entries), end(entries)), 1) << folder;
        }
        EXPECT_EQ(std::filesystem::status(scratch_.path() / "outside/file").permissions(), mode);
    }
}

TEST_F(Restricted, WhatATrainingNeedsIsLeft) {
    const auto report = in_sandbox(landlock_version(), [&](int to) {
        const auto run = scratch_.path() / "run";
        const auto tell = [to](const char* what, bool done) {
            if (!done) {
                ::dprintf(to, "%s: %s\n", what, std::strerror(errno));
            }
        };
        tell("read", text_of(scratch_.path() / "readable/file") == "readable");
        std::ofstream(run / "file") << "text";
        tell("write", text_of(run / "file") == "text");
        tell("truncate", ::truncate((run / "file").c_str(), 1) == 0);
        tell("mkdir", ::mkdir((run / "folder").c_str(), 0777) == 0);
        tell("rename", ::rename((run / "file").c_str(), (run / "folder/file").c_str()) == 0);
        tell("unlink", ::unlink((run / "folder/file").c_str()) == 0);
        tell("rmdir", ::rmdir((run / "folder").c_str()) == 0);
        tell("list", std::filesystem::is_empty(run));
        for (const char* file : {"/proc/self/statm", "/proc/thread-self/stat", "/proc/self/cgroup",
                                 "/proc/cpuinfo", "/proc/meminfo"}) {
            tell(file, !text_of(file).empty());
        }
        tell("/dev/null", ::open("/dev/null", O_RDWR) >= 0);
        tell("/dev/urandom", ::open("/dev/urandom", O_RDONLY) >= 0);
        tell("own signals", ::kill(::getpid(), 0) == 0);
        int threads = 0;
#pragma omp parallel num_threads(2) reduction(+ : threads)
        threads += 1;
        tell("OpenMP", threads == static_cast<int>(kinds_of_threads) - 1);
        tell("TMPDIR", ::getenv("TMPDIR") == run.string());
    });
    EXPECT_EQ(report, "");
}

TEST_F(Restricted, IsRefusedWhereThereAreThreadsAlready) {
    const pid_t process = ::fork();
    if (process == 0) {
        std::thread([] { ::pause(); }).detach();
        try {
            restrict_process({{}, {scratch_.path() / "run"}, {}}, landlock_version());
        } catch (const Error& error) {
            _exit(std::string(error.what()).find("already has 2 threads") != std::string::npos ? 7
                                                                                               : 1);
        }
        _exit(0);
    }
    int status = 0;
    ::waitpid(process, &status, 0);
    EXPECT_EQ(WEXITSTATUS(status), 7);
}

TEST(Environment, KeepsWhatSaysHowToCompute) {
    for (const char* name : {"PATH", "LANG", "LC_ALL", "OMP_NUM_THREADS", "GOMP_SPINCOUNT",
                             "CUDA_VISIBLE_DEVICES", "HFC_DATA", "LD_LIBRARY_PATH"}) {
        EXPECT_TRUE(is_kept(name)) << name;
    }
    for (const char* name : {"AWS_SECRET_ACCESS_KEY", "GITHUB_TOKEN", "SSH_AUTH_SOCK", "USER",
                             "PATHS", "DBUS_SESSION_BUS_ADDRESS", "", "TMPDIR", "LD_PRELOAD"}) {
        EXPECT_FALSE(is_kept(name)) << name;
    }
}

}  // namespace
}  // namespace hfc::sandbox
