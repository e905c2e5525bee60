// The prompt, at a terminal and without one.
#include "process.h"
#include "terminal.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <unistd.h>

#include <csignal>

namespace hfc::test {
namespace {

using testing::HasSubstr;
using testing::Not;

class Prompt : public testing::Test {
  protected:
    ScratchFolder scratch;
    Terminal at_terminal(const std::vector<std::string>& arguments = {}) const {
        return Terminal(scratch.path(), arguments);
    }
};

TEST_F(Prompt, PrintsValuesAndKeepsThem) {
    auto terminal = at_terminal();
    terminal.wait_for("Ctrl-D quits");
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

TEST_F(Prompt, LivesThroughEachErrorValue) {
    const auto result = run({"-i"}, {.input = R"(kept = 40
error(io.stdout)
error(torch.ones(1))
error(nil)
error({code = 7})
error(setmetatable({}, {__tostring = function() error "worse" end}))
error(newproxy(true))
error(hfc.data("synthetic", {train = 8, test = 8}))
setmetatable({}, {__tostring = function() error "printed" end})
p = newproxy(true) getmetatable(p).__gc = function() error(io.stdout) end p = nil
collectgarbage()
error({code = 8})
kept + 2
)"});
    EXPECT_EQ(result.status, 0);
    EXPECT_THAT(result.out, HasSubstr("42\n")) << result.err;
    EXPECT_THAT(result.err, HasSubstr("prompt:1: error value: {code = 7}"));
    EXPECT_THAT(result.err, HasSubstr("prompt:1: error value: {code = 8}"));
}

TEST_F(Prompt, LivesThroughAWrongOptionOfAScriptItRuns) {
    const auto first = scratch.write("first.lua", "kept = hfc.options({a = 1}).a + 37\n");
    const auto other = scratch.write("other.lua", "hfc.options {b = 1}\nkept = 0\n");
    const std::string text = "dofile '" + other + "'\npcall(dofile, '" + other +
                             "') kept = 1\narg = {'--help'} dofile '" + other +
                             "'\narg = {} dofile '" + other + "' kept = kept + 50\nkept\n";
    const auto result = run({"-i", first, "--a", "3"}, {.input = "kept\n" + text});
    EXPECT_EQ(result.status, 0);
    EXPECT_THAT(result.out, testing::StartsWith("40\n")) << result.err;
    EXPECT_THAT(result.out, HasSubstr("Options of the script"));
    EXPECT_THAT(result.out, testing::EndsWith("\n50\n"));
    EXPECT_THAT(result.err, HasSubstr("other.lua: unknown option --a"));
    EXPECT_THAT(result.err, Not(HasSubstr("first.lua")));
}

TEST_F(Prompt, CtrlCStopsALoopOfCaughtErrors) {
    auto terminal = at_terminal();
    terminal.wait_for("> ");
    terminal.type("kept = 42\r");
    terminal.type("print('lo' .. 'op') while true do pcall(torch.ones, 1) end\r");
    terminal.wait_for("loop");
    ::usleep(100'000);
    terminal.type("\x03");
    terminal.wait_for("hfc-host: interrupted");
    terminal.type("kept * 2\r");
    terminal.wait_for("\n84");
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

TEST_F(Prompt, CtrlCDropsTheLineAndNothingBehindIt) {
    auto terminal = at_terminal();
    terminal.wait_for("> ");
    for (int i = 1; i <= 30; ++i) {
        terminal.type("what is typed here is dropped");
        ::usleep(static_cast<useconds_t>(i) * 20);  // in the middle of the line, or behind it
        terminal.type("\x03");
        ::usleep(20'000);
        terminal.type("'i' .. " + std::to_string(1'000 * i) + "\r");
        terminal.wait_for("\ni" + std::to_string(1'000 * i));
        if (HasFailure()) {
            break;
        }
    }
}

TEST_F(Prompt, CtrlCStopsALoopOfOperators) {
    auto terminal = at_terminal();
    terminal.wait_for("> ");
    terminal.type(
        "count = 0 print('lo' .. 'op') while true do count = count + torch.ones(1000):sum():item() "
        "end\r");
    terminal.wait_for("loop");
    ::usleep(50'000);
    terminal.type("\x03");
    terminal.wait_for("interrupted");
    terminal.type("'count' .. tostring(count > 0)\r");
    terminal.wait_for("counttrue");
}

TEST_F(Prompt, CtrlCInATrainingGivesTheModelAsTrainedSoFar) {
    auto terminal = at_terminal();
    terminal.wait_for("> ");
    terminal.type(
        "data = hfc.data('synthetic', {train = 64, test = 16}) model = "
        "hfc.model('preact_resnet8')\r");
    terminal.type("before = model:parameters()[1]:clone()\r");
    terminal.type(
        "hfc.train(model, data.train, {epochs = 100000, batch_size = 16, on_epoch = function(r) if "
        "r.epoch == 2 then print('go' .. 'ing') "
        "end end})\r");
    terminal.wait_for("going");
    terminal.type("\x03");
    terminal.wait_for("interrupted");
    terminal.type("'trained ' .. tostring(not torch.equal(before, model:parameters()[1]))\r");
    terminal.wait_for("trained true");
    terminal.type(
        "#hfc.train(model, data.train, {epochs = 2, batch_size = 16, quiet = true}) + 300\r");
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

TEST_F(Prompt, CompletesPathsAndOptions) {
    (void)scratch.write("a_long_name.lua", "");
    auto terminal = at_terminal();
    terminal.wait_for("> ");
    terminal.type("io.open('" + scratch.path().string() + "/a_lo\t");
    terminal.wait_for("ng_name.lua");
    terminal.type("\x03");
    terminal.type("hfc.train(model, data, {optimizer = {'adam'}, probe_\t");
    terminal.wait_for("probe_");
    terminal.wait_for("samples");
    terminal.type("\x03");
    terminal.type("data = hfc.data('synthetic', {train = 8, test = 8})\r");
    terminal.type("data.train:batches {si\t");
    terminal.wait_for("batches {si");
    terminal.wait_for("ze");
    terminal.type("\x03");
    terminal.type("torch.conv2d(x, w, {dila\t");
    terminal.wait_for("dila");
    terminal.wait_for("tion");
    terminal.type("\x03");
}

TEST_F(Prompt, RunsAPastedBlockAsOne) {
    auto terminal = at_terminal();
    terminal.wait_for("> ");
    terminal.type(
        "\x1b[200~local a = 30\nlocal function f()\n\treturn a + 12\nend\nanswer = f()\n\x1b[201~");
    terminal.type("answer .. ' and ' .. a\r");
    terminal.wait_for("42 and 30");
}

TEST_F(Prompt, TakesTenMegabytesPasted) {
    std::string block = "text = [[";
    while (block.size() < 10'000'000) {
        block += std::string(79, 'x') + "\n";
    }
    block += "]]";
    auto bracketed = at_terminal();
    bracketed.wait_for("> ");
    bracketed.type("\x1b[200~" + block + "\x1b[201~\r");
    bracketed.type("#text + 1\r");
    bracketed.wait_for(std::to_string(block.size() - 11 + 1));
}

TEST_F(Prompt, LivesThroughInvalidTextAndANewSize) {
    auto terminal = at_terminal();
    terminal.wait_for("> ");
    terminal.type(
        "'\xff\xfe"
        "b\xe4' .. 'r'\r");
    terminal.wait_for("??b?r");
    terminal.type("6 *");
    terminal.wait_for("6 *");
    terminal.resize(40, 10);
    terminal.type(" 7\r");
    terminal.wait_for("\n42");
}

TEST_F(Prompt, BlamesTheTypedLine) {
    auto terminal = at_terminal();
    terminal.wait_for("> ");
    terminal.type("error('wrong' .. 'doing')\r");
    terminal.wait_for("prompt:1: wrongdoing");
    terminal.type("{1,\r2} -- a list\r");
    terminal.wait_for("{1, 2}");
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
    EXPECT_THAT(read_text(scratch.path() / "hfc-host" / "history"),
                HasSubstr("first = 'remem' .. 'bered'"));
    {
        auto terminal = at_terminal();
        terminal.wait_for("> ");
        terminal.type("second = 2\rfirst\rsecond + 5\r");
        terminal.wait_for("\n7");
    }
    // "first" stands once, at its later place.
    auto terminal = at_terminal();
    terminal.wait_for("> ");
    terminal.type("\x1b[A\x1b[A\x1b[A\x1b[A");  // second + 5, first, second = 2, first = ...
    terminal.type("\r");
    terminal.type("first\r");
    terminal.wait_for("remembered");
}

TEST_F(Prompt, EndsOnCtrlD) {
    auto terminal = at_terminal();
    terminal.wait_for("> ");
    terminal.type("\x04");
    EXPECT_EQ(terminal.exit_status(), 0);
}

TEST_F(Prompt, EndsOnCtrlDTypedWhileSomethingRuns) {
    auto terminal = at_terminal();
    terminal.wait_for("> ");
    terminal.type(
        "print('begin' .. 's') for i = 1, 1e7 do local x = i % 3 end print('en' .. 'ds')\r");
    terminal.wait_for("begins");
    terminal.type("\x04");
    terminal.wait_for("ends");
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
    after.type("\x04");
    EXPECT_EQ(after.exit_status(), 1);
}

TEST_F(Prompt, WithoutATerminalAScriptIsRead) {
    EXPECT_EQ(run({"-"}, {.input = "print(6 * 7)"}).out, "42\n");
    EXPECT_EQ(run({}, {.input = "print(6 * 7)"}).out, "42\n");
    const auto lines = run({"-i"}, {.input = "x = 6\nx * 7\nfor i = 1, 2 do\nprint(i)\nend\n"});
    EXPECT_EQ(lines.status, 0);
    EXPECT_EQ(lines.out, "42\n1\n2\n");
    const auto shown = run({"-i"}, {.input = "hfc.train\n{{1, 2, 3, 4, 5, 6, 7, 8, 9, 10}, {{{}, "
                                             "{1}}}}\nt = {} t.t = t return t\n"});
    EXPECT_EQ(shown.out,
              "function hfc.train\n{{1, 2, 3, 4, 5, 6, 7, 8, ... 2 more}, {{{}, {...}}}}\n{t = "
              "<the table around it>}\n");
    const auto unfinished = run({"-i"}, {.input = "for i = 1, 2 do\n"});
    EXPECT_EQ(unfinished.status, 1);
    EXPECT_THAT(unfinished.err, HasSubstr("unfinished statement"));
}

}  // namespace
}  // namespace hfc::test
