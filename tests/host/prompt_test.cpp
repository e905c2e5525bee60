// The prompt, at a terminal and without one.
#include "process.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <poll.h>
#include <pty.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>

namespace hfc::test {
namespace {

using testing::HasSubstr;
using testing::Not;

/// hfc-host at a terminal of its own.
class Terminal {
  public:
    explicit Terminal(const std::filesystem::path& state_home, const std::vector<std::string>& arguments = {}) {
        process_ = ::forkpty(&terminal_, nullptr, nullptr, nullptr);
        if (process_ == 0) {
            ::setenv("XDG_STATE_HOME", state_home.c_str(), 1);
            ::setenv("TERM", "xterm", 1);
            std::vector<char*> argv = {const_cast<char*>(HFC_HOST)};
            for (const auto& argument : arguments) {
                argv.push_back(const_cast<char*>(argument.c_str()));
            }
            argv.push_back(nullptr);
            ::execv(HFC_HOST, argv.data());
            ::_exit(127);
        }
    }
    ~Terminal() {
        if (process_ > 0) {
            ::kill(process_, SIGKILL);
            ::waitpid(process_, nullptr, 0);
        }
        ::close(terminal_);
    }
    Terminal(const Terminal&) = delete;
    Terminal& operator=(const Terminal&) = delete;

    void type(const std::string& text) const { EXPECT_EQ(::write(terminal_, text.data(), text.size()), static_cast<ssize_t>(text.size())); }

    /// Waits until `text` is shown, behind what was waited for before; fails after ten seconds.
    void wait_for(const std::string& text) {
        const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(10);
        size_t found = shown_.find(text);
        for (; found == std::string::npos; found = shown_.find(text)) {
            pollfd ready = {terminal_, POLLIN, 0};
            char buffer[4096];
            const bool late = std::chrono::steady_clock::now() > end;
            const auto count = !late && ::poll(&ready, 1, 100) > 0 ? ::read(terminal_, buffer, sizeof buffer) : 0;
            if (late || count < 0) {
                ADD_FAILURE() << "waited for '" << text << "', was shown: " << shown_;
                return;
            }
            shown_.append(buffer, static_cast<size_t>(count));
        }
        shown_.erase(0, found + text.size());
    }

    void signal(int number) const { ::kill(process_, number); }

    int exit_status() {
        int status = 0;
        for (int tries = 0; ::waitpid(process_, &status, WNOHANG) == 0; ++tries) {
            if (tries == 1000) {
                ADD_FAILURE() << "it does not end; was shown: " << shown_;
                return -1;
            }
            ::usleep(10'000);
        }
        process_ = -1;
        return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    }

  private:
    std::string shown_;
    int terminal_ = -1;
    pid_t process_ = -1;
};

class Prompt : public testing::Test {
  protected:
    ScratchFolder scratch;
    Terminal at_terminal(const std::vector<std::string>& arguments = {}) const { return Terminal(scratch.path(), arguments); }
};

TEST_F(Prompt, PrintsValuesAndKeepsThem) {
    auto terminal = at_terminal();
    terminal.wait_for("Ctrl-D leaves");
    terminal.type("40 + 2\r");
    terminal.wait_for("\n42");
    terminal.type("_ + 1\r");
    terminal.wait_for("\n43");
    terminal.type("torch.ones(2) * 3\r");
    terminal.wait_for("tensor([3., 3.])");
    terminal.type("local kept = {a = 7}\r");
    terminal.type("kept.a * 11\r");
    terminal.wait_for("\n77");
}

TEST_F(Prompt, TakesStatementsOfSeveralLines) {
    auto terminal = at_terminal();
    terminal.wait_for("> ");
    terminal.type("for i = 1, 3 do\rprint('line ' .. i * 111)\rend\r");
    terminal.wait_for("line 333");
}

TEST_F(Prompt, LivesThroughErrors) {
    auto terminal = at_terminal();
    terminal.wait_for("> ");
    terminal.type("torch.conv2d(1)\r");
    terminal.wait_for("torch.conv2d");
    terminal.type("nonsense nonsense\r");
    terminal.type("6 * 7\r");
    terminal.wait_for("\n42");
}

TEST_F(Prompt, CtrlCStopsWhatRunsAndKeepsTheVariables) {
    auto terminal = at_terminal();
    terminal.wait_for("> ");
    terminal.type("kept = 42\r");
    terminal.type("print('lo' .. 'op') while true do end\r");
    terminal.wait_for("loop");
    ::usleep(200'000);
    terminal.type("\x03");
    terminal.wait_for("interrupted");
    terminal.type("kept * 2\r");
    terminal.wait_for("\n84");
    terminal.type("this is not run");
    terminal.wait_for("this is not run");
    terminal.type("\x03");
    ::usleep(200'000);
    terminal.type("kept * 3\r");
    terminal.wait_for("\n126");
}

TEST_F(Prompt, CtrlCInATrainingGivesTheModelAsTrainedSoFar) {
    auto terminal = at_terminal();
    terminal.wait_for("> ");
    terminal.type("data = hfc.data('synthetic', {train = 64, test = 16}) model = hfc.model('preact_resnet8')\r");
    terminal.type("before = model:parameters()[1]:clone()\r");
    terminal.type(
        "hfc.train(model, data.train, {epochs = 100000, batch_size = 16, on_epoch = function(r) if r.epoch == 2 then print('go' .. 'ing') "
        "end end})\r");
    terminal.wait_for("going");
    terminal.type("\x03");
    terminal.wait_for("interrupted");
    terminal.type("'trained ' .. tostring(not torch.equal(before, model:parameters()[1]))\r");
    terminal.wait_for("trained true");
    terminal.type("#hfc.train(model, data.train, {epochs = 2, batch_size = 16, quiet = true}) + 300\r");
    terminal.wait_for("302");
}

TEST_F(Prompt, CompletesWithTab) {
    auto terminal = at_terminal();
    terminal.wait_for("> ");
    terminal.type("hfc.robust_acc\t");
    terminal.wait_for("uracy");
    terminal.type("\x03");
    terminal.type("x = torch.ones(3)\r");
    terminal.type("x:requires_gra\t");
    terminal.wait_for("d");
    terminal.type("\x03");
}

TEST_F(Prompt, RemembersItsHistory) {
    {
        auto terminal = at_terminal();
        terminal.wait_for("> ");
        terminal.type("first = 'remem' .. 'bered'\r");
        terminal.type("first\r");
        terminal.wait_for("remembered");
        terminal.signal(SIGKILL);
    }
    EXPECT_THAT(read_text(scratch.path() / "hfc-host" / "history"), HasSubstr("first = 'remem' .. 'bered'"));
    auto terminal = at_terminal();
    terminal.wait_for("> ");
    terminal.type("\x1b[A\x1b[A");  // up, up
    terminal.type("\r");
    terminal.type("first\r");
    terminal.wait_for("remembered");
}

TEST_F(Prompt, EndsOnCtrlD) {
    auto terminal = at_terminal();
    terminal.wait_for("> ");
    ::usleep(100'000);  // the prompt is shown before the terminal is in its mode, and a Ctrl-D before that is lost
    terminal.type("\x04");
    EXPECT_EQ(terminal.exit_status(), 0);
}

TEST_F(Prompt, EndsOnTermination) {
    auto terminal = at_terminal();
    terminal.wait_for("> ");
    terminal.signal(SIGTERM);
    EXPECT_EQ(terminal.exit_status(), 143);
}

TEST_F(Prompt, FollowsAScriptWithItsGlobals) {
    const auto script = scratch.write("script.lua", "answer = 42\n");
    auto terminal = at_terminal({"-i", script});
    terminal.wait_for("> ");
    terminal.type("answer + 1\r");
    terminal.wait_for("\n43");
    const auto failing = scratch.write("failing.lua", "answer = 44\nerror('no')\n");
    auto after = at_terminal({"-i", failing});
    after.wait_for("failing.lua:2: no");
    after.type("answer + 1\r");
    after.wait_for("\n45");
}

TEST_F(Prompt, WithoutATerminalAScriptIsRead) {
    EXPECT_EQ(run({"-"}, {.input = "print(6 * 7)"}).out, "42\n");
    EXPECT_EQ(run({}, {.input = "print(6 * 7)"}).out, "42\n");
    const auto lines = run({"-i"}, {.input = "x = 6\nx * 7\nfor i = 1, 2 do\nprint(i)\nend\n"});
    EXPECT_EQ(lines.status, 0);
    EXPECT_EQ(lines.out, "42\n1\n2\n");
    const auto unfinished = run({"-i"}, {.input = "for i = 1, 2 do\n"});
    EXPECT_EQ(unfinished.status, 1);
    EXPECT_THAT(unfinished.err, HasSubstr("unfinished statement"));
}

}  // namespace
}  // namespace hfc::test
