// Options, exit statuses and messages of the program.
#include "process.h"

#include <gmock/gmock.h>

namespace hfc::test {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

constexpr const char* options_script = R"(
local opt = hfc.options {
  epochs = {{natural = 12, shuffled = 36}, "passes over the training set"},
  radii = {{4, 8}, "radii of the probes"}, lr = 1e-4, model = {"resnet", "which network"},
  fast = false,
  presets = {paper = {lr = 0.5, epochs = {natural = 100}}},
}
print(opt.epochs.natural, opt.epochs.shuffled, table.concat(opt.radii, "+"), opt.lr, opt.model,
  opt.fast)
)";

class ScriptOptions : public testing::Test {
  protected:
    Result run_script(std::vector<std::string> arguments) {
        arguments.insert(arguments.begin(), scratch_.write("script.lua", options_script));
        return run(arguments);
    }
    ScratchFolder scratch_;
};

TEST(CommandLine, HelpNamesTheOptions) {
    const auto result = run({"--help"});
    EXPECT_EQ(result.status, 0);
    for (const auto* option :
         {"--device", "--threads", "--data", "--out", "--version", "-e", "script.lua"}) {
        EXPECT_THAT(result.out, HasSubstr(option));
    }
}

TEST(CommandLine, VersionNamesEveryPart) {
    const auto result = run({"--version"});
    EXPECT_EQ(result.status, 0);
    for (const auto* part :
         {"hfc-host ", "LuaJIT 2.1", "LibTorch 2.", "FFTW fftw-3", "OpenCV 4", "CUDA "}) {
        EXPECT_THAT(result.out, HasSubstr(part));
    }
}

TEST(CommandLine, ChunkRunsWithArguments) {
    const auto result = run({"-e", "print(torch.ones(2):sum():item(), arg[1])", "behind"});
    EXPECT_EQ(result.status, 0) << result.err;
    EXPECT_EQ(result.out, "2\tbehind\n");
}

TEST(CommandLine, StandardInputIsAScript) {
    EXPECT_EQ(run({"-"}, {.input = "print(1 + 1)"}).out, "2\n");
    EXPECT_EQ(run({}, {.input = "print(1 + 2)"}).out, "3\n");
}

TEST(CommandLine, WrongUseEndsWithTwo) {
    auto result = run({"--devise", "cpu"});
    EXPECT_EQ(result.status, 2);
    EXPECT_THAT(result.err, HasSubstr("unknown option '--devise' (did you mean '--device'?)"));
    result = run({"--threads", "many", "-e", "return"});
    EXPECT_EQ(result.status, 2);
    EXPECT_THAT(result.err, HasSubstr("--threads"));
    result = run({"no-such-script.lua"});
    EXPECT_EQ(result.status, 2);
    EXPECT_THAT(result.err, HasSubstr("cannot read 'no-such-script.lua': No such file"));
    result = run({"--device", "gpu", "-e", "return"});
    EXPECT_EQ(result.status, 2);
    EXPECT_THAT(result.err, HasSubstr("unknown device 'gpu': expected auto, cpu, cuda or cuda:N"));
    result = run({"--data", "/no/such/folder", "-e", "return"});
    EXPECT_EQ(result.status, 2);
    EXPECT_THAT(result.err, HasSubstr("/no/such/folder"));
}

TEST(CommandLine, CudaWithoutAGpuSaysWhy) {
    if (run({"--version"}).out.find("CUDA usable") != std::string::npos) {
        GTEST_SKIP() << "this machine has a GPU";
    }
    const auto result = run({"--device", "cuda", "-e", "return"});
    EXPECT_EQ(result.status, 2);
    EXPECT_THAT(result.err, HasSubstr("device 'cuda' cannot be used: "));
}

TEST(ScriptErrors, SyntaxErrorNamesTheLine) {
    const ScratchFolder scratch;
    const auto result = run({scratch.write("broken.lua", "local x = 1\nlocal = 2\n")});
    EXPECT_EQ(result.status, 1);
    EXPECT_THAT(result.err, HasSubstr("broken.lua:2: "));
}

TEST(ScriptErrors, TracebackShowsTheScriptOnly) {
    const ScratchFolder scratch;
    const auto result =
        run({scratch.write("fails.lua",
                           "local function inner()\n  hfc.frequency.low_pass(1, 2)\nend\nlocal "
                           "function outer() inner() end\nouter()\n")});
    EXPECT_EQ(result.status, 1);
    EXPECT_THAT(result.err, AllOf(HasSubstr("fails.lua:2: hfc.frequency.low_pass: argument 1 (x): "
                                            "expected a Tensor, got number 1"),
                                  HasSubstr("traceback:"), HasSubstr("in 'outer'"),
                                  HasSubstr("in main chunk"), Not(HasSubstr("[C]"))));
}

TEST(ScriptErrors, ErrorValuesThatAreNoTextAreShown) {
    const auto result = run({"-e", "error({code = 3})"});
    EXPECT_EQ(result.status, 1);
    EXPECT_THAT(result.err, HasSubstr("-e:1: error value: {code = 3}"));
}

TEST(ScriptErrors, CompiledChunksAreRefusedEverywhere) {
    const ScratchFolder scratch;
    const std::string path = (scratch.path() / "compiled.lua").string();
    ASSERT_EQ(run({"-e",
                   "local f = io.open(arg[1], 'wb'); f:write(string.dump(function() print('ran') "
                   "end)); f:close()",
                   path})
                  .status,
              0);
    const auto direct = run({path});
    EXPECT_EQ(direct.status, 1);
    EXPECT_THAT(direct.err, HasSubstr("cannot run compiled Lua"));
    for (const std::string load : {"loadfile(p)", "load(io.open(p, 'rb'):read('*a'))",
                                   "loadstring(io.open(p, 'rb'):read('*a'))",
                                   "load(io.open(p, 'rb'):read('*a'), 'x', 'b')"}) {
        const auto result =
            run({"-e", "p = arg[1]; local f = " + load + "; if f then f() end", path});
        EXPECT_EQ(result.out, "") << load;
    }
    EXPECT_EQ(run({"-e", "dofile(arg[1])", path}).status, 1);
    EXPECT_EQ(run({"-e", "package.path = arg[1]; require 'compiled'", path}).status, 1);
}

TEST_F(ScriptOptions, DefaultsAndOverrides) {
    EXPECT_EQ(run_script({}).out, "12\t36\t4+8\t0.0001\tresnet\tfalse\n");
    EXPECT_EQ(run_script({"--epochs.natural", "20", "--radii", "4,8,12", "--lr=0.1", "--model",
                          "vgg", "--fast"})
                  .out,
              "20\t36\t4+8+12\t0.1\tvgg\ttrue\n");
    EXPECT_EQ(run_script({"--lr", "2", "--preset", "paper"}).out,
              "100\t36\t4+8\t2\tresnet\tfalse\n");
    EXPECT_EQ(run_script({"--device", "cpu", "--lr", "3", "--threads=1"}).out,
              "12\t36\t4+8\t3\tresnet\tfalse\n");
}

TEST_F(ScriptOptions, Help) {
    const auto result = run_script({"--help"});
    EXPECT_EQ(result.status, 0);
    EXPECT_THAT(result.out,
                AllOf(HasSubstr("--epochs.natural"), HasSubstr("passes over the training set (12)"),
                      HasSubstr("radii of the probes (4,8)"),
                      HasSubstr("--preset paper  --epochs.natural 100 --lr 0.5")));
}

TEST_F(ScriptOptions, WrongUse) {
    const auto fails = [&](std::vector<std::string> arguments, const std::string& text) {
        const auto result = run_script(std::move(arguments));
        EXPECT_EQ(result.status, 2);
        EXPECT_THAT(result.err, HasSubstr(text));
        EXPECT_THAT(result.err, Not(HasSubstr("traceback")));
    };
    fails({"--epochs.natral", "3"},
          "unknown option --epochs.natral (did you mean --epochs.natural?)");
    fails({"--epoch", "3"}, "unknown option --epoch (did you mean --epochs.natural?)");
    fails({"--radius", "4"}, "unknown option --radius (did you mean --radii?)");
    fails({"--thread", "1"}, "unknown option --thread (did you mean --threads?)");
    fails({"--colour", "red"}, "unknown option --colour; see --help");
    fails({"--epochs", "3"},
          "option --epochs is a group of options; set one of them, such as --epochs.");
    fails({"--lr", "fast"}, "option --lr: expected a number, got 'fast'");
    fails({"--radii", "4,x"}, "option --radii: expected a number, got 'x'");
    fails({"--lr"}, "option --lr: expected a value");
    fails({"--preset", "papre"}, "unknown preset 'papre'; known presets: paper");
    fails({"stray"}, "unexpected argument 'stray'");
    fails({"--device", "gpu"}, "unknown device 'gpu'");
}

TEST_F(ScriptOptions, WrongValuesNameTheOption) {
    const auto fails = [&](std::vector<std::string> arguments, const std::string& text) {
        const auto result = run_script(std::move(arguments));
        EXPECT_EQ(result.status, 2);
        EXPECT_THAT(result.err, HasSubstr(text));
    };
    fails({"--fast", "False"}, "option --fast: expected true or false, got 'False'");
    fails({"--lr", "nan"}, "option --lr: expected a finite number, got 'nan'");
    fails({"--lr", "inf"}, "option --lr: expected a finite number, got 'inf'");
    fails({"--radii", "4,nan"}, "option --radii: expected a finite number");
    fails({"--radii", "4,,8"}, "option --radii: expected values separated by commas");
    fails({"--radii", "4,"}, "option --radii: expected values separated by commas");
    fails({"--model", "--lr"},
          "option --model: expected a value, got '--lr'; if that is meant to be the value, write "
          "--model=--lr");
    EXPECT_EQ(run_script({"--model=--lr"}).out, "12\t36\t4+8\t0.0001\t--lr\tfalse\n");
    EXPECT_EQ(run_script({"--fast", "--lr", "2"}).out, "12\t36\t4+8\t2\tresnet\ttrue\n");
    EXPECT_EQ(run_script({"--radii", ""}).out, "12\t36\t\t0.0001\tresnet\tfalse\n");
    EXPECT_EQ(run_script({"--lr", "-3"}).out, "12\t36\t4+8\t-3\tresnet\tfalse\n");
}

TEST_F(ScriptOptions, ListsScalarsAndTexts) {
    const auto result = run({"-e", R"(
        local o = hfc.options {
          one = {4}, texts = {{"a", "b"}}, number = {4, "text"},
          parts = {{x = {40, "text"}}, "all"},
        }
        print(o.one[1], o.texts[1], o.texts[2], o.number, o.parts.x))"});
    EXPECT_EQ(result.out, "4\ta\tb\t4\t40\n") << result.err;
}

TEST_F(ScriptOptions, ChoicesAndRanges) {
    const auto path = scratch_.write("limits.lua", R"(
        local o = hfc.options {
          a = {3, "text", least = 1, most = 9}, b = {{.5}, "text", above = 0},
          c = {{"x", "yes"}, "text", choices = {"x", "yes"}},
        }
        print(o.a, o.b[1], o.c[1]))");
    EXPECT_EQ(run({path}).out, "3\t0.5\tx\n");
    EXPECT_THAT(run({path, "--help"}).out, HasSubstr("text x | yes (x,yes)"));
    const auto fails = [&](const std::string& option, const std::string& value,
                           const std::string& text) {
        const auto result = run({path, option, value});
        EXPECT_EQ(result.status, 2);
        EXPECT_THAT(result.err, HasSubstr("limits.lua: option " + option + ": " + text));
    };
    fails("--a", "0", "expected at least 1, got '0'");
    fails("--a", "10", "expected at most 9, got '10'");
    fails("--b", "1,0", "expected more than 0, got '0'");
    fails("--c", "x,yse", "expected x | yes (did you mean 'yes'?), got 'yse'");
    EXPECT_THAT(run({"-e", "hfc.options {a = {0, 'text', least = 1}}"}).err,
                HasSubstr("-e:1: hfc.options: the default of 'a': expected at least 1, got 0"));
}

TEST_F(ScriptOptions, NamesOfTheProgramsOptionsAreRefused) {
    for (const std::string name : {"data", "device", "out", "threads", "help", "preset"}) {
        EXPECT_THAT(run({"-e", "hfc.options {" + name + " = 1}"}).err,
                    HasSubstr("'" + name + "' is an option of hfc-host itself"));
    }
}

}  // namespace
}  // namespace hfc::test
