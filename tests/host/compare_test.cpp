// hfc-host compare.
#include "sweep_scripts.h"

namespace hfc::test {
namespace {

namespace fs = std::filesystem;
using testing::AllOf;
using testing::ContainsRegex;
using testing::HasSubstr;
using testing::Not;
using Words = std::vector<std::string>;

class Compare : public testing::Test {
  protected:
    std::string path(const std::string& name) const { return (scratch_.path() / name).string(); }
    void sweep(const std::string& name, const Words& words) const {
        const auto result =
            run(Words{"sweep", script_, "--threads", "1", "--epochs", "2", "--out", path(name)} +
                words);
        ASSERT_EQ(result.status, 0) << result.err;
    }

    ScratchFolder scratch_;
    const std::string script_ = scratch_.write("tiny.lua", sweep_script);
};

TEST_F(Compare, SweepsInPairsBySeedWithTheSettingsThatDiffer) {
    sweep("a", {"--seeds", "3"});
    sweep("b", {"--seeds", "2", "--lr", "1e-2"});
    const auto result = run({"compare", path("a"), path("b"), "--out", path("c")});
    ASSERT_EQ(result.status, 0) << result.err;
    EXPECT_THAT(result.out, AllOf(ContainsRegex("\\| option lr +\\| 0\\.001 +\\| 0\\.01 +\\|"),
                                  Not(HasSubstr("option epochs")), Not(HasSubstr("threads"))));
    EXPECT_THAT(result.out, ContainsRegex("\\| sum +\\| [0-9.]+ ± [0-9.]+ \\(n = 3\\)"));
    EXPECT_THAT(result.out, ContainsRegex("\\| b +\\| source=a +\\| sum +\\| .* \\|   2 \\| "
                                          "(in|ex)cludes 0"));
    EXPECT_THAT(read_text(path("c/sums-differences.csv")),
                HasSubstr("source,minus,value,difference,low,high,n\nb,source=a,sum,"));
    EXPECT_TRUE(fs::exists(path("c/accuracy.png")) || fs::exists(path("c/accuracy.png.gp")));
    EXPECT_THAT(read_text(path("c/settings.csv")), HasSubstr("setting,a,b\n"));
}

TEST_F(Compare, RunsHaveNoIntervals) {
    sweep("a", {"--seeds", "2"});
    const auto result = run({"compare", path("a/seed_0"), path("a/seed_1"), "--out", path("c")});
    ASSERT_EQ(result.status, 0) << result.err;
    EXPECT_THAT(result.out,
                AllOf(HasSubstr("option seed"), Not(HasSubstr("±  ")), Not(HasSubstr("cludes 0"))));
}

TEST_F(Compare, RunsOfTwoScriptsHaveTheirScriptsAndTheOptionsThatBothHave) {
    for (const std::string name : {"first", "second"}) {
        fs::create_directories(path(name));
        scratch_.write(name + "/config.json", R"({"name":")" + name + R"(","options":{"only_)" +
                                                  name + R"(":1,"lr":)" +
                                                  (name == "first" ? "1" : "2") + "}}");
        scratch_.write(name + "/metrics.jsonl", "{\"epoch\":1,\"loss\":1}\n");
    }
    const auto result = run({"compare", path("first"), path("second"), "--out", path("c")});
    ASSERT_EQ(result.status, 0) << result.err;
    EXPECT_EQ(read_text(path("c/settings.csv")),
              "setting,first,second\nname,first,second\noption lr,1,2\n");
}

TEST_F(Compare, RefusesWhatIsNoRun) {
    sweep("a", {"--seeds", "1"});
    struct Case {
        Words words;
        const char* message;
    };
    const std::vector<Case> cases = {
        {{path("a")}, "expected two or more runs or sweeps, got 1"},
        {{}, "got 0"},
        {{path("a"), path("missing")}, "there is no directory"},
        {{path("a"), scratch_.path().string()}, "is neither a run directory"},
        {{path("a"), path("a")}, "the same directory is given twice"},
        {{path("a"), path("a/seed_0"), "--outt", "x"}, "--outt"},
    };
    for (const auto& [words, message] : cases) {
        const auto result = run(Words{"compare"} + words);
        EXPECT_EQ(result.status, 2) << message;
        EXPECT_THAT(result.err, HasSubstr(message));
    }
    scratch_.write("a/sweep.json", "{\"items\": 3}");
    EXPECT_THAT(run({"compare", path("a"), path("a/seed_0")}).err, HasSubstr("is damaged"));
    scratch_.write("a/seed_0/config.json", "[1");
    EXPECT_THAT(run({"compare", path("a/seed_0"), path("a")}).err, HasSubstr("is damaged"));
}

}  // namespace
}  // namespace hfc::test
