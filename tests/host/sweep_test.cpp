// hfc-host sweep: what is run, what is joined, and what is refused.
#include "sweep_scripts.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <unistd.h>

#include <chrono>
#include <fstream>
#include <thread>

namespace hfc::test {
namespace {

namespace fs = std::filesystem;
using testing::AllOf;
using testing::ContainsRegex;
using testing::HasSubstr;
using testing::Not;
using Words = std::vector<std::string>;
using std::chrono::milliseconds;

class Sweep : public testing::Test {
  protected:
    Result sweep(const Words& words, const ProcessOptions& options = {}) const {
        return run(Words{"sweep"} + words, options);
    }
    fs::path out(const std::string& name = "out") const { return scratch_.path() / name; }
    std::string text(const fs::path& path) const { return read_text(out() / path); }

    ScratchFolder scratch_;
    const std::string script_ = scratch_.write("tiny.lua", sweep_script);
};

TEST_F(Sweep, JoinsTheTablesOfSeedsAndComparesSettingsInPairs) {
    const auto result = sweep(Words{script_, "--seeds", "3", "--lr", "1e-3,1e-2,0.001"} +
                              two_jobs() + Words{"--out", out()});
    ASSERT_EQ(result.status, 0) << result.err << result.out;
    EXPECT_THAT(result.out, HasSubstr("6 of 6 runs finished"));
    EXPECT_THAT(result.out, ContainsRegex("\\[2/6\\] .* finished in .*; about .* left"));
    for (const auto* item : {"lr_1e-3-seed_0", "lr_1e-2-seed_2"}) {
        EXPECT_TRUE(fs::exists(out() / item / "config.json")) << item;
        EXPECT_TRUE(fs::exists(out() / (std::string(item) + ".log"))) << item;
    }
    EXPECT_THAT(text("norms.csv"),
                HasSubstr("lr,parameter,norm mean,norm low,norm high,norm n\n0.001,p1,"));
    EXPECT_THAT(text("norms.md"), ContainsRegex("\\| +0\\.001 \\| p1 +\\| [0-9.]+ ± [0-9.]+"));
    EXPECT_THAT(text("sums-differences.csv"),
                ContainsRegex("0\\.01,lr=0\\.001,sum,[0-9.e-]+,[0-9.e-]+,[0-9.e-]+,3\n"));
    EXPECT_THAT(text("sums-differences.md"), ContainsRegex("(ex|in)cludes 0"));
    EXPECT_TRUE(fs::exists(out() / "accuracy.svg") || fs::exists(out() / "accuracy.svg.gp"));
}

TEST_F(Sweep, TheMeanOfTheTableIsTheMeanOfTheRuns) {
    ASSERT_EQ(sweep({script_, "--seeds", "2", "--threads", "1", "--out", out()}).status, 0);
    double mean = 0;
    for (const auto* item : {"seed_0", "seed_1"}) {
        std::istringstream lines(text(fs::path(item) / "sums.csv"));
        std::string header;
        double value = 0;
        std::getline(lines, header) >> value;
        mean += value / 2;
    }
    std::istringstream lines(text("sums.csv"));
    std::string header;
    double joined = 0;
    std::getline(lines, header) >> joined;
    EXPECT_NEAR(joined, mean, 1e-12 * mean);
}

TEST_F(Sweep, AFailedRunCostsOnlyItselfAndIsTriedOnceMore) {
    const auto result =
        sweep({script_, "--seeds", "3", "--fail", "1", "--threads", "1", "--out", out()});
    EXPECT_EQ(result.status, 1);
    EXPECT_THAT(result.out, HasSubstr("2 of 3 runs finished"));
    EXPECT_THAT(result.out, ContainsRegex("\\[2/3\\] seed_1 failed: .*this seed fails"));
    EXPECT_THAT(result.out, ContainsRegex("\nfailed: seed_1: .*this seed fails \\(see '.*log'\\)"));
    EXPECT_THAT(text("seed_1.log"), HasSubstr("\ntraceback:\n"));
    EXPECT_THAT(text("sums.csv"), HasSubstr(",2\n"));
    const auto log_before = text("seed_0/metrics.jsonl");
    const auto again = sweep({"--resume", out()});
    EXPECT_EQ(again.status, 1);
    EXPECT_THAT(again.out, HasSubstr("seed_1 failed"));
    EXPECT_THAT(again.out, Not(HasSubstr("seed_0")));
    EXPECT_EQ(text("seed_0/metrics.jsonl"), log_before);
}

TEST_F(Sweep, SaysWhyTheTablesHaveNoIntervals) {
    const auto one_seed = sweep({script_, "--seeds", "1", "--threads", "1", "--out", out("one")});
    EXPECT_THAT(one_seed.out,
                HasSubstr("no intervals, because each setting has only one seed (see --seeds)\n"));
    const auto failed =
        sweep({script_, "--seeds", "2", "--fail", "1", "--threads", "1", "--out", out("two")});
    EXPECT_THAT(failed.out, HasSubstr("no intervals, because no cell of the tables combines two "
                                      "or more finished runs\n"));
    const auto resumed = sweep({"--resume", out("two")});
    EXPECT_THAT(resumed.out, Not(HasSubstr("only one seed")));
}

TEST_F(Sweep, WrongUseIsFoundBeforeTheFirstRun) {
    struct Case {
        Words words;
        const char* message;
    };
    const auto other = scratch_.write("other.lua", "local run = hfc.run('other')\n");
    const auto plain = scratch_.write("plain.lua", "print(1)\n");
    const auto seedless = scratch_.write("seedless.lua", "local opt = hfc.options {lr = 1}\n");
    const std::vector<Case> cases = {
        {{script_, "--seeds", "2", "--epochz", "3"}, "unknown option --epochz \\(did you mean"},
        {{script_, "--seeds", "0"}, "option --seeds: expected at least 1 seed, got 0"},
        {{script_, "--seeds", "-1"}, "at least 1 seed, got -1"},
        {{script_, "--seeds", "two"}, "--seeds"},
        {{script_, "--seeds"}, "--seeds"},
        {{script_, "--seeds", "2", "--seed", "1"}, "both choose the seeds"},
        {{seedless, "--seeds", "2"}, "the script has no option 'seed'"},
        {{script_, "--lr", "1e-3,,1"}, "option --lr: '1e-3,,1' contains an empty value"},
        {{script_, "--lr", "1e-3,"}, "empty value"},
        {{script_, "--lr", "1e-3,fast"}, "expected a number, got 'fast'"},
        {{script_, "--seed", "9007199254740993"}, "integers must be between -2\\^53 and 2\\^53"},
        {{script_, "--preset", "short"}, "unknown preset 'short'; known presets: long"},
        {{script_, "--jobs", "1000", "--threads", "1"},
         "1000 runs with 1 thread each need 1000 cores"},
        {{script_, "--threads", "1000"}, "option --threads: expected at most .*, got 1000"},
        {{script_, "--jobs", "0"}, "--jobs"},
        {{script_, "--seeds", "2", "--sandbox"}, "option --sandbox works only with a single run"},
        {{script_, "--seeds", "2", "--sandbox=lua"},
         "option --sandbox works only with a single run"},
        {{"missing.lua", "--seeds", "2"}, "cannot read 'missing.lua'"},
        {{"--seeds", "2"}, "no script given"},
        {{"--lr", "1", script_}, "the script must come first, before '--lr'"},
        {{other, "--seed", "1,2"}, "before hfc.options"},
        {{plain, "--seeds", "2"}, "does not call hfc.options"},
        {{"--resume", "missing"}, "is not a sweep directory"},
        {{"--resume", out(), "--seeds", "3"}, "--resume takes the script and its options"},
        {{script_, "--from", "missing.csv"}, "cannot read 'missing.csv'"},
        {{script_, "--from", script_}, "contains no finished runs"},
        {{script_, "--save", script_}, "contains no finished runs"},
        {{script_, "--save", "missing/rows.csv"}, "option --save: cannot write 'missing/rows.csv'"},
    };
    for (const auto& [words, message] : cases) {
        const bool resumes = words[0] == "--resume";
        const auto result = sweep(resumes ? words : words + Words{"--out", out()});
        EXPECT_EQ(result.status, 2) << message << result.err;
        EXPECT_THAT(result.err, ContainsRegex(message));
        EXPECT_FALSE(fs::exists(out())) << message;
    }
    fs::create_directory(out());
    scratch_.write("out/mine.txt", "");
    const auto result = sweep({script_, "--seeds", "1", "--out", out()});
    EXPECT_EQ(result.status, 2);
    EXPECT_THAT(result.err, HasSubstr("is not empty"));
    EXPECT_THAT(sweep({script_, "--seeds", "1", "--out", "/dev/null/x"}).err,
                HasSubstr("'/dev/null"));
}

TEST_F(Sweep, TheDryRunListsEachCombinationOnce) {
    const auto listed = [&](const Words& words) {
        return sweep(Words{script_} + words + Words{"--dry-run", "--threads", "1"}).out;
    };
    EXPECT_THAT(listed({"--lr", "1e-3,.001,2"}), HasSubstr("2 runs with 1 thread each"));
    EXPECT_THAT(listed({"--kind", "a\\,b,c"}),
                AllOf(HasSubstr("kind_a_b-"), HasSubstr("kind_c-"), HasSubstr("2 runs")));
    EXPECT_THAT(listed({"--layers", "4,8"}), HasSubstr("1 run with"));
    EXPECT_THAT(listed({"--layers", "4,8", "--layers", "16"}),
                AllOf(HasSubstr("layers_4_8-"), HasSubstr("layers_16-"), HasSubstr("2 runs")));
    EXPECT_THAT(listed({"--preset", "long", "--lr", "1,2", "--seeds", "3"}), HasSubstr("6 runs"));
    EXPECT_THAT(sweep({script_, "--dry-run", "--", "--seeds", "2"}).err,
                HasSubstr("tiny.lua: unknown option --seeds"));
    EXPECT_FALSE(fs::exists("sweeps"));
}

TEST_F(Sweep, EveryScriptCanBeSwept) {
    for (const auto& entry : fs::directory_iterator(HFC_SCRIPTS)) {
        if (entry.path().extension() == ".lua") {
            const auto result = sweep({entry.path(), "--seeds", "2", "--dry-run"});
            EXPECT_EQ(result.status, 0) << entry.path() << result.err;
            EXPECT_THAT(result.out, HasSubstr("2 runs with")) << entry.path();
        }
    }
}

TEST_F(Sweep, CountsTheRowsOfAFileAsDone) {
    const auto rows = (scratch_.path() / "rows.csv").string();
    const Words settings = {script_, "--lr", "1e-3,1e-2", "--threads", "1"};
    const auto first =
        sweep(settings + Words{"--seeds", "2", "--save", rows, "--out", out("first")});
    ASSERT_EQ(first.status, 0) << first.err;
    EXPECT_THAT(first.out, HasSubstr("4 runs added"));
    EXPECT_THAT(read_text(rows), HasSubstr("settings,options,seed,commit,device,threads,row,"));
    const auto second = sweep(
        settings + Words{"--seeds", "3", "--from", rows, "--save", rows, "--out", out("second")});
    ASSERT_EQ(second.status, 0) << second.err;
    EXPECT_THAT(second.out, AllOf(HasSubstr("2 runs added"), Not(HasSubstr("seed_0 finished"))));
    EXPECT_FALSE(fs::exists(out("second") / "lr_1e-3-seed_0"));
    const auto whole = sweep(settings + Words{"--seeds", "3", "--out", out("whole")});
    ASSERT_EQ(whole.status, 0);
    for (const auto* table : {"sums.csv", "sums.md", "norms.csv", "sums-differences.csv"}) {
        EXPECT_EQ(read_text(out("second") / table), read_text(out("whole") / table)) << table;
    }
    // Other settings are not done.
    EXPECT_THAT(
        sweep(settings + Words{"--seeds", "1", "--epochs", "5", "--from", rows, "--dry-run"}).out,
        Not(HasSubstr("done")));
}

TEST_F(Sweep, RunsTheScriptAsItWasAtTheStart) {
    ASSERT_EQ(
        sweep({script_, "--seeds", "2", "--fail", "1", "--threads", "1", "--out", out()}).status,
        1);
    fs::remove_all(out() / "seed_1");
    scratch_.write("tiny.lua", "error('changed')\n");
    EXPECT_THAT(sweep({"--resume", out()}).out, HasSubstr("this seed fails"));
}

TEST_F(Sweep, CtrlCStopsTheRunsWhichGoOnLater) {
    const Words words = {script_,     "--seeds", "2",     "--epochs", "8",
                         "--threads", "1",       "--out", out()};
    const auto result = sweep(words, {.while_running = [&](int pid) {
                                  wait_for(out() / "seed_0" / "checkpoints");
                                  kill(pid, SIGINT);
                              }});
    EXPECT_EQ(result.status, 130) << result.err;
    EXPECT_THAT(result.out, AllOf(HasSubstr("stopping"), HasSubstr("seed_0 stopped"),
                                  HasSubstr("--resume"), Not(HasSubstr("failed"))));
    EXPECT_FALSE(fs::exists(out() / "seed_1"));
    ASSERT_EQ(sweep({"--resume", out()}).status, 0);
    auto others = words;
    others.back() = out("whole");
    ASSERT_EQ(sweep(others).status, 0);
    EXPECT_EQ(results_of(out()), results_of(out("whole")));
}

TEST_F(Sweep, TwoCannotWorkInOneDirectory) {
    Result second;
    const auto first =
        sweep({script_, "--seeds", "1", "--pause", "0.5", "--threads", "1", "--out", out()},
              {.while_running = [&](int pid) {
                  wait_for(out() / "seed_0");
                  second = sweep({"--resume", out()});
                  EXPECT_THAT(second.err, HasSubstr("(process " + std::to_string(pid) + ")"));
              }});
    EXPECT_EQ(first.status, 0) << first.err;
    EXPECT_EQ(second.status, 2);
    EXPECT_THAT(second.err, HasSubstr("another sweep is running in"));
}

TEST_F(Sweep, WaitsForAProcessThatIsStillAtWorkInARun) {
    ASSERT_EQ(
        sweep({script_, "--seeds", "2", "--fail", "1", "--threads", "1", "--out", out()}).status,
        1);
    const int log = open((out() / "seed_1.log").c_str(), O_RDONLY | O_CLOEXEC);
    ASSERT_EQ(flock(log, LOCK_EX), 0);
    const auto result = sweep({"--resume", out()}, {.while_running = [&](int) {
                                  std::this_thread::sleep_for(milliseconds(2500));
                                  close(log);
                              }});
    EXPECT_THAT(result.out, HasSubstr("waiting for process " + std::to_string(getpid())));
    EXPECT_THAT(result.out, HasSubstr("this seed fails"));
}

TEST_F(Sweep, CtrlCEndsAlsoTheWaitForSuchAProcess) {
    ASSERT_EQ(
        sweep({script_, "--seeds", "1", "--fail", "0", "--threads", "1", "--out", out()}).status,
        1);
    const int log = open((out() / "seed_0.log").c_str(), O_RDONLY | O_CLOEXEC);
    ASSERT_EQ(flock(log, LOCK_EX), 0);
    const auto result = sweep({"--resume", out()}, {.while_running = [&](int pid) {
                                  std::this_thread::sleep_for(milliseconds(700));
                                  kill(pid, SIGTERM);
                              }});
    close(log);
    EXPECT_EQ(result.status, 143);
}

TEST_F(Sweep, AFullDiskIsToldAndTheSweepGoesOnLater) {
    const auto at_most = [](rlim_t bytes) {
        return [bytes] {
            const rlimit limit = {bytes, bytes};
            setrlimit(RLIMIT_FSIZE, &limit);
        };
    };
    const Words words = {script_, "--seeds", "2", "--threads", "1", "--out", out()};
    const auto nothing = sweep(words, {.before_start = at_most(100)});
    EXPECT_NE(nothing.status, 0);
    EXPECT_THAT(nothing.err, HasSubstr("cannot write"));
    EXPECT_FALSE(fs::exists(out()));
    const auto some = sweep(words, {.before_start = at_most(6000)});
    EXPECT_EQ(some.status, 1);
    EXPECT_THAT(some.out + some.err, HasSubstr("cannot write"));
    ASSERT_EQ(sweep({"--resume", out()}).status, 0);
    auto others = words;
    others.back() = out("whole");
    ASSERT_EQ(sweep(others).status, 0);
    EXPECT_EQ(results_of(out()), results_of(out("whole")));
}

TEST_F(Sweep, HelpNamesBothCommands) {
    EXPECT_THAT(run({"--help"}).out,
                AllOf(HasSubstr("hfc-host sweep"), HasSubstr("hfc-host compare")));
    const auto help = sweep({"--help"});
    EXPECT_EQ(help.status, 0);
    EXPECT_THAT(help.out, AllOf(HasSubstr("--seeds"), HasSubstr("--resume"), HasSubstr("a\\,b")));
    const auto scripts = sweep({script_, "--help"});
    EXPECT_EQ(scripts.status, 0);
    EXPECT_EQ(run({"compare", "--help"}).status, 0);
}

}  // namespace
}  // namespace hfc::test
