// --sandbox: the kernel's part of it, on the real program. What native code may try is in
// tests/core/sandbox.
#include "process.h"

#include <gmock/gmock.h>
#include <seccomp.h>
#include <nlohmann/json.hpp>

#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <csignal>
#include <fstream>
#include <sstream>
#include <thread>

namespace hfc::test {
namespace {

namespace fs = std::filesystem;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

class KernelSandbox : public testing::Test {
  protected:
    KernelSandbox() { fs::create_directory(scratch_.path() / "job"); }

    void SetUp() override {
        constexpr long create_ruleset = 444;
        if (::syscall(create_ruleset, nullptr, 0, 1) <= 0) {
            GTEST_SKIP() << "this kernel does not support it";
        }
    }

    /// Runs the script in a folder of its own, with the scratch folder as working directory.
    Result run_text(const std::string& text, std::vector<std::string> arguments = {},
                    ProcessOptions options = {}) {
        scratch_.write("job/script.lua", text);
        arguments.insert(arguments.begin(), {"--threads", "2", "--sandbox", "job/script.lua"});
        options.folder = scratch_.path();
        return run(arguments, options);
    }

    ScratchFolder scratch_;
};

/// The first process that `parent` has started; 0 where it has none yet.
int child_of(int parent) {
    std::istringstream children(read_text("/proc/" + std::to_string(parent) + "/task/" +
                                          std::to_string(parent) + "/children"));
    int child = 0;
    return children >> child ? child : 0;
}

/// The status of each thread of a process, as the kernel tells it.
std::vector<std::string> threads_of(int process) {
    std::vector<std::string> texts;
    std::error_code error;
    for (const auto& thread :
         fs::directory_iterator("/proc/" + std::to_string(process) + "/task", error)) {
        texts.push_back(read_text(thread.path() / "status"));
    }
    return texts;
}

TEST_F(KernelSandbox, HoldsForEveryThreadAndHandsSignalsOn) {
    std::vector<std::string> threads;
    std::string environment;
    const auto look = [&](int pid) {
        wait_for(scratch_.path() / "own/begun.npy");
        threads = threads_of(child_of(pid));
        environment = read_text("/proc/" + std::to_string(child_of(pid)) + "/environ");
        ::kill(pid, SIGTERM);
    };
    const auto result = run_text(
        "local x = torch.ones(1000, 1000):matmul(torch.ones(1000, 1000))\n"
        "torch.save(x, 'own/begun.npy')\n"
        "while true do x = torch.ones(1000, 1000) * 2 end",
        {"--out", "own"},
        {.environment = {"HFC_TEST_TOKEN=kept", "AWS_SECRET=hidden-secret"},
         .while_running = look});
    EXPECT_EQ(result.status, 143) << result.err;
    EXPECT_GE(threads.size(), 2U) << "the main thread and OpenMP's";
    for (const auto& status : threads) {
        EXPECT_THAT(status, AllOf(HasSubstr("Seccomp:\t2"), HasSubstr("NoNewPrivs:\t1")));
    }
    EXPECT_THAT(environment, AllOf(HasSubstr("HFC_TEST_TOKEN=kept"), Not(HasSubstr("hidden"))));
}

TEST_F(KernelSandbox, EndsWithTheProcessThatWatchesIt) {
    int child = 0;
    const auto kill_parent = [&](int pid) {
        wait_for(scratch_.path() / "own/begun.npy");
        child = child_of(pid);
        ::kill(pid, SIGKILL);
    };
    const auto result = run_text("torch.save(torch.ones(1), 'own/begun.npy') while true do end",
                                 {"--out", "own"}, {.while_running = kill_parent});
    EXPECT_EQ(result.status, 128 + SIGKILL);
    ASSERT_NE(child, 0);
    // A zombie that nobody waits for has no memory map any more.
    const auto alive = [&] {
        return !read_text("/proc/" + std::to_string(child) + "/maps").empty();
    };
    for (int i = 0; i < 250 && alive(); ++i) {
        std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
    EXPECT_FALSE(alive());
}

TEST_F(KernelSandbox, ReadsNothingOutsideItsFolders) {
    fs::create_directories(scratch_.path() / "outside/train/a");
    fs::create_directories(scratch_.path() / "outside/val/a");
    scratch_.write("outside/list.pt", "x");
    scratch_.write("job/inside.pt", "x");
    fs::create_symlink("../outside/list.pt", scratch_.path() / "job/link.pt");
    const auto result = run_text(R"lua(
        for _, path in ipairs {"outside/list.pt", "job/link.pt", "job/../outside/list.pt",
                               "/etc/passwd", "/proc/1/environ", "/etc/shadow"} do
          local _, message = pcall(torch.load, path)
          print(path, message)
        end
        print("folder", select(2, pcall(hfc.data, "folder:outside")))
        print("inside", select(2, pcall(torch.load, "job/inside.pt")))
    )lua");
    EXPECT_EQ(result.status, 0) << result.err;
    std::istringstream lines(result.out);
    size_t refused = 0;
    for (std::string line; std::getline(lines, line);) {
        refused += line.find("Permission denied") != std::string::npos ? 1 : 0;
    }
    EXPECT_EQ(refused, 7U) << result.out;
    EXPECT_THAT(result.out, Not(HasSubstr("inside\tPermission")));
}

TEST_F(KernelSandbox, DataThatNobodyNamedIsNoWayOut) {
    fs::create_directory(scratch_.path() / "outside");
    scratch_.write("outside/x.pt", "x");
    fs::create_symlink("outside", scratch_.path() / "data");
    const char* const text = "print(pcall(torch.load, 'data/x.pt'))";
    EXPECT_THAT(run_text(text).out, HasSubstr("Permission denied"));
    EXPECT_THAT(run_text(text, {"--data", "data"}).out, Not(HasSubstr("Permission denied")));
}

// The review's A4: the script names a file in arg[0], whose comment --help prints.
TEST_F(KernelSandbox, HelpReadsNoFileThatTheScriptNames) {
    scratch_.write("secret.lua", "-- a secret\nreturn 1\n");
    const char* const text =
        "-- My own.\n"
        "local lines = {}\n"
        "arg = {[0] = FILE, '--help'}\n"
        "string.match = function(s) lines[#lines + 1] = s return s end\n"
        "pcall(hfc.options, {a = 1})\n"
        "for _, line in ipairs(lines) do print(line) end\n";
    for (const char* kind : {"--sandbox", "--sandbox=lua"}) {
        for (const char* file : {"'/etc/passwd'", "'secret.lua'", "'job/../secret.lua'"}) {
            auto chunk = std::string(text);
            chunk.replace(chunk.find("FILE"), 4, file);
            const auto result = run_text(chunk, {kind});
            EXPECT_THAT(result.out, AllOf(Not(HasSubstr("root:")), Not(HasSubstr("a secret")),
                                          HasSubstr("My own.")))
                << kind << file;
        }
    }
}

// The review's A1 and A3: whatever a script does to the prelude's helpers, no file is opened by it.
TEST_F(KernelSandbox, MetatablesOpenNothing) {
    for (const char* const text :
         {"getmetatable(torch).__index('x', 'add')", "getmetatable(torch).__index(2.5, 'add')",
          "local meta; rawget = function(t, k) meta = t end\n"
          "pcall(help, torch.ones(1)); if meta then meta.__index() end",
          "local meta; rawget = function(t, k) meta = t end\n"
          "pcall(help, hfc.run 'x'); if meta then print(meta.methods.plot) end"}) {
        const auto result = run_text(text, {"--sandbox-seconds", "3"});
        EXPECT_THAT(result.out, Not(HasSubstr("root:"))) << text;
        fs::remove_all(scratch_.path() / "runs");
    }
}

TEST_F(KernelSandbox, LeavesNoDirectoryWithoutARun) {
    EXPECT_EQ(run_text("print(1)").out, "1\n");
    EXPECT_FALSE(fs::exists(scratch_.path() / "runs"));
    EXPECT_EQ(run_text("error 'x'", {"--out", "a/b"}).status, 1);
    EXPECT_FALSE(fs::exists(scratch_.path() / "a"));
    EXPECT_EQ(run_text("hfc.run 'x'").status, 0);
    const fs::directory_iterator runs(scratch_.path() / "runs");
    ASSERT_NE(runs, fs::directory_iterator());
    EXPECT_THAT(runs->path().filename().string(), testing::StartsWith("script-"))
        << "named by the script's file: what hfc.run is told comes too late";
}

TEST_F(KernelSandbox, RefusesADirectoryThatHoldsSomething) {
    scratch_.write("mine.txt", "mine");
    const auto result = run_text("print(1)", {"--out", "."});
    EXPECT_EQ(result.status, 2);
    EXPECT_THAT(result.err, HasSubstr("is not empty"));
}

TEST_F(KernelSandbox, AWholeExperimentWorks) {
    const std::string data = HFC_SHARED "/data";
    if (!fs::exists(data + "/imagenette") || !fs::exists(data + "/cifar-10-batches-bin")) {
        GTEST_SKIP() << "needs CIFAR-10 and Imagenette in the shared data";
    }
    const std::string text = "local DATA = '" + data + R"lua('

        local opt = hfc.options {epochs = 2}
        local run = hfc.run("whole", opt)
        local data = hfc.data("synthetic", {train = 64, test = 32})
        local model = hfc.model("preact_resnet8")
        hfc.train(model, data.train, {epochs = opt.epochs, batch_size = 16, quiet = true,
          probes = {test = data.test}, log = run:series "s"})
        run:row("table", {accuracy = hfc.accuracy(model, data.test)})
        run:plot("figure", {y = "accuracy"})
        run:image("grid", (data.test:batch(0, 4)))
        run:save(model, "model")
        print("cifar", #hfc.data("cifar10").train)
        print("images", #hfc.data("folder:" .. DATA .. "/imagenette", {image_size = 32}).train)
    )lua";
    const std::string expected = "cifar\t50000\nimages\t400\nresults in own\n";
    auto result = run_text(text, {"--out", "own", "--data", data});
    EXPECT_EQ(result.status, 0) << result.err;
    EXPECT_EQ(result.out, expected);
    for (const char* file : {"metrics.jsonl", "table.csv", "figure.svg.gp", "grid.png.gp",
                             "images/grid-1.png", "model.safetensors", "checkpoints/training-1"}) {
        EXPECT_TRUE(fs::exists(scratch_.path() / "own" / file)) << file;
    }
    const auto log = read_text(scratch_.path() / "own/metrics.jsonl");
    // The first trusts the run directory, the second does not.
    for (const std::vector<std::string>& more :
         {{}, std::vector<std::string>{"--sandbox", "--data", data}}) {
        std::vector<std::string> arguments = {"--resume", "own"};
        arguments.insert(arguments.end(), more.begin(), more.end());
        result = run(arguments, {.folder = scratch_.path()});
        EXPECT_EQ(result.status, 0) << result.err;
        EXPECT_EQ(result.out, expected);
        EXPECT_EQ(read_text(scratch_.path() / "own/metrics.jsonl"), log);
    }
}

TEST_F(KernelSandbox, KeepsTheFiguresPrograms) {
    const char* const text =
        "local run = hfc.run 'x'; for i = 1, 3 do run:log {epoch = i, accuracy = i} end\n"
        "for _, path in ipairs(run:plot('f', {y = 'accuracy'})) do print(path) end";
    const auto result = run_text(text, {"--out", "own"});
    EXPECT_EQ(result.out, "own/f.svg.gp\nown/f.png.gp\nown/f.pdf.gp\nresults in own\n")
        << result.err;
    EXPECT_EQ(result.err,
              "run:plot: gnuplot cannot run in the sandbox; to draw the figure, run this outside "
              "the sandbox: gnuplot 'own/f.png.gp' > "
              "'f.png'\n");
    EXPECT_EQ(run_text(text, {"--out", "lua", "--sandbox=lua"}).status, 0);
    EXPECT_EQ(fs::exists(scratch_.path() / "lua/f.png.gp"),
              std::system("command -v gnuplot > /dev/null") != 0);
}

TEST_F(KernelSandbox, ARunDirectoryFromSomebodyElseNamesNoFiles) {
    fs::create_directories(scratch_.path() / "run");
    fs::create_directory(scratch_.path() / "secret");
    scratch_.write("secret/x.lua", "return 'secret'");
    scratch_.write("run/metrics.jsonl", "");
    scratch_.write("run/script.lua", "hfc.run 'x' print(pcall(require, 'x'))");
    const auto resume = [&](const nlohmann::json& command_line) {
        std::ofstream(scratch_.path() / "run/config.json")
            << nlohmann::json{{"command_line", command_line}};
        return run({"--resume", "run", "--sandbox"}, {.folder = scratch_.path()});
    };
    auto result = resume({"hfc-host", "secret/x.lua"});
    EXPECT_EQ(result.status, 0) << result.err;
    EXPECT_THAT(result.out, AllOf(HasSubstr("false"), Not(HasSubstr("secret"))));
    result = resume({"hfc-host", "--data", "secret", "x.lua"});
    EXPECT_EQ(result.status, 2);
    EXPECT_THAT(result.err, HasSubstr("was started with --data 'secret'; repeat --data"));
    for (const char* option : {"--write-docs", "--write-stubs", "-e"}) {
        result = resume({"hfc-host", option, "made", "x.lua"});
        EXPECT_EQ(result.status, 2) << option;
        EXPECT_FALSE(fs::exists(scratch_.path() / "made"));
    }
}

TEST_F(KernelSandbox, IsRefusedWithoutLandlock) {
    const auto without_landlock = [] {
        const auto filter = ::seccomp_init(SCMP_ACT_ALLOW);
        ::seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOSYS), 444, 0);
        ::seccomp_load(filter);
    };
    auto result = run_text("print(1)", {}, {.before_start = without_landlock});
    EXPECT_EQ(result.status, 2);
    EXPECT_EQ(result.out, "");
    EXPECT_THAT(result.err, HasSubstr("this kernel does not support it"));
    result = run_text("print(io)", {"--sandbox=lua"}, {.before_start = without_landlock});
    EXPECT_EQ(result.status, 0) << result.err;
    EXPECT_EQ(result.out, "nil\n");
}

TEST_F(KernelSandbox, TakesTwoKindsOnly) {
    EXPECT_EQ(run({"--sandbox=none", "-e", "print(1)"}).status, 2);
    EXPECT_EQ(run({"--sandbox=false", "-e", "print(1)"}).status, 2);
    EXPECT_EQ(run({"--sandbox=", "-e", "print(io)"}, {.folder = scratch_.path()}).out, "nil\n");
    EXPECT_EQ(run({"--sandbox=kernel", "-e", "print(io)"}, {.folder = scratch_.path()}).out,
              "nil\n");
}

}  // namespace
}  // namespace hfc::test
