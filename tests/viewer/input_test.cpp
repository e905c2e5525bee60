// The viewer by keyboard and mouse: typing, pointing at a line, several runs, what is remembered.
#if defined(HFC_VIEWER_PROGRAM) && defined(HFC_HOST_PROGRAM)

#include "screen.h"

#include <algorithm>
#include <string>

namespace hfc::viewer {
namespace {

namespace fs = std::filesystem;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

class ViewerInput : public test::DisplayTest {
  protected:
    /// Thirty-five curves: levels 0, 1, 2 ... of two trainings, in two epochs.
    void log_many() const {
        fs::create_directories(run());
        std::ofstream file(run() / "metrics.jsonl");
        for (int epoch = 0; epoch < 2; ++epoch) {
            for (const std::string series : {"natural", "shuffled"}) {
                file << R"({"series":")" << series << R"(","epoch":)" << epoch
                     << R"(,"accuracy":{)";
                int level = 0;
                for (const std::string band : {"low", "high"}) {
                    for (const std::string radius : {"2", "4", "6", "8", "10", "12", "14", "16"}) {
                        file << (level == 0 ? "" : ",") << "\"train " << band << " r=" << radius
                             << "\":" << level;
                        ++level;
                    }
                }
                file << (series == "natural" ? R"(,"train":20,"test":21})" : R"(,"train":20})")
                     << "}\n";
            }
        }
    }
    /// So many different curves are in a CSV file.
    static int curves_in(const std::string& csv) {
        return static_cast<int>(std::count(csv.begin(), csv.end(), '\n') - 1) / 2;
    }
};

TEST_F(ViewerInput, TypingThreeLettersLeavesOneCurve) {
    log_many();
    ASSERT_EQ(shell("open run; save accuracy__natural.csv\n"
                    "xdotool key slash sleep .2 type nl4; xdotool sleep .2 key Return sleep .2\n"
                    "rm *.csv; save accuracy__natural.csv; screen filtered; ls *.csv >left\n"
                    "xdotool key Escape sleep .2; rm *.csv; save accuracy__natural.csv\n"
                    "cp accuracy__natural.csv again; close_window"),
              0);
    EXPECT_EQ(text_of("left"), "accuracy__natural.csv\n") << "the other panel is gone";
    EXPECT_EQ(curves_in(text_of("again")), 18) << "all are back";
}

TEST_F(ViewerInput, OneCurveIsLeftInTheFile) {
    log_many();
    ASSERT_EQ(shell("open run; xdotool key slash sleep .2 type nl4; xdotool sleep .2 key Return "
                    "sleep .2; save accuracy__natural.csv; close_window"),
              0);
    EXPECT_EQ(text_of("accuracy__natural.csv"),
              "curve,epoch,accuracy: natural\nnatural: train low r=4,0,1\n"
              "natural: train low r=4,1,1\n");
}

/// Two level lines; the lower one's pixels tell where it lies.
class ViewerPointer : public ViewerInput {
  protected:
    void SetUp() override {
        ViewerInput::SetUp();
        fs::create_directories(run());
        std::ofstream file(run() / "metrics.jsonl");
        for (int epoch = 0; epoch < 2; ++epoch) {
            file << R"({"epoch":)" << epoch << R"(,"loss":{"low":0,"top":1}})" << '\n';
        }
    }
    /// The row of the lowest line in a column of the plot.
    int row_of_lowest(const std::string& name) const {
        const auto seen = screen(name);
        for (int y = 640; y > 120; --y) {
            if (seen.at(600, y) == 0x0072B2) {
                return y;
            }
        }
        return -1;
    }
};

TEST_F(ViewerPointer, ALineIsTakenWithinEightPixelsAndNotBeyond) {
    ASSERT_EQ(shell("open run; screen lines; close_window"), 0);
    const int row = row_of_lowest("lines");
    ASSERT_GT(row, 300);
    const auto click = [](int y) { return "click 600 " + std::to_string(y) + "; sleep .2; "; };
    ASSERT_EQ(shell("open run; " + click(row - 14) + "save loss.csv; " + click(row - 6) +
                    "save loss-2.csv; " + click(row - 6) + "save loss-3.csv; close_window"),
              0);
    EXPECT_THAT(text_of("loss.csv"), AllOf(HasSubstr("low,"), HasSubstr("top,")));
    EXPECT_THAT(text_of("loss-2.csv"), AllOf(HasSubstr("low,"), Not(HasSubstr("top,"))));
}

TEST_F(ViewerPointer, TheKeyboardChoosesHidesAndShows) {
    ASSERT_EQ(shell("open run; xdotool key Down sleep .1 key Down sleep .1 key Return sleep .2; "
                    "save loss.csv; xdotool key Return sleep .1 key space sleep .2; "
                    "save loss-2.csv; xdotool key a sleep .2 key 3 sleep .2 key 1 sleep .2; save "
                    "loss-3.csv; xdotool key h sleep .3; screen help; xdotool key Escape sleep .3; "
                    "screen closed; close_window"),
              0);
    EXPECT_THAT(text_of("loss.csv"), AllOf(Not(HasSubstr("low,")), HasSubstr("top,")));
    EXPECT_THAT(text_of("loss-2.csv"), AllOf(HasSubstr("low,"), Not(HasSubstr("top,"))));
    EXPECT_THAT(text_of("loss-3.csv"), AllOf(HasSubstr("low,"), HasSubstr("top,")));
    EXPECT_NE(screen("help").at(500, 350), screen("closed").at(500, 350));
}

class ViewerRuns : public ViewerInput {
  protected:
    void write_run(const std::string& name, int seed, double lr, double loss) const {
        const auto folder = folder_ / "sweep" / name;
        fs::create_directories(folder);
        std::ofstream(folder / "config.json")
            << R"({"options":{"lr":)" << lr << R"(,"seed":)" << seed << "}}";
        std::ofstream(folder / "metrics.jsonl") << R"({"epoch":1,"loss":)" << loss << "}\n"
                                                << R"({"epoch":2,"loss":)" << loss << "}\n";
    }
};

TEST_F(ViewerRuns, ASweepIsBandsWhileItsRunsComeIn) {
    write_run("a", 0, 0.1, 1);
    write_run("b", 1, 0.1, 3);
    write_run("c", 0, 0.2, 5);
    // Another run, in the words of the shell.
    const std::string fourth =
        "mkdir sweep/d; echo '{\"options\":{\"lr\":0.2,\"seed\":1}}' >sweep/d/config.json\n"
        "echo '{\"epoch\":1,\"loss\":7}' >sweep/d/metrics.jsonl\n";
    ASSERT_EQ(shell("open sweep; save loss.csv\n" + fourth +
                    "sleep 1.5; xdotool mousemove 500 300; sleep 1.5; save loss-2.csv\n"
                    "xdotool key b sleep .3; save loss-3.csv; close_window"),
              0);
    EXPECT_THAT(text_of("loss.csv"),
                AllOf(HasSubstr("curve,epoch,loss,loss low,loss high\n"),
                      HasSubstr("\nlr 0.1 / loss (mean of 2 runs),1,2,-10.706"),
                      HasSubstr("\nlr 0.2 / loss,1,5,,\n")));
    EXPECT_THAT(text_of("loss-2.csv"), HasSubstr("lr 0.2 / loss (mean of 2 runs),1,6,"));
    EXPECT_THAT(text_of("loss-3.csv"),
                AllOf(HasSubstr("a / loss,1,1\n"), HasSubstr("d / loss,1,7\n")));
}

TEST_F(ViewerRuns, RunsOfTwoScriptsAreLabelledWithTheirScript) {
    write_run("first-20260102-030405", 0, 0.1, 1);
    write_run("second-20260102-030406", 0, 0.1, 3);
    for (const std::string script : {"first", "second"}) {
        const auto stem = script == "first" ? "first-20260102-030405" : "second-20260102-030406";
        std::ofstream(folder_ / "sweep" / stem / "config.json")
            << R"({"name":")" << script << R"(","options":{"only_)" << script << "\":1}}";
    }
    ASSERT_EQ(shell("open sweep; save loss.csv; close_window"), 0);
    EXPECT_THAT(text_of("loss.csv"),
                AllOf(HasSubstr("first / loss,1,1\n"), HasSubstr("second / loss,1,3\n"),
                      Not(HasSubstr("only_"))));
}

TEST_F(ViewerRuns, TheWindowRemembersItsAxesAndASwitchOfTheCommandLineWins) {
    log_many();
    ASSERT_EQ(shell("open run; xdotool key l sleep .1 key x sleep .1 key t sleep .2; close_window; "
                    "cp state/hfc-host/viewer.json first; open run; xdotool key l sleep .2; "
                    "close_window; cp state/hfc-host/viewer.json second"),
              0);
    EXPECT_THAT(text_of("first"),
                AllOf(HasSubstr("\"logarithmic\": true"), HasSubstr("\"logarithmic_x\": true"),
                      HasSubstr("\"dark\": false"), HasSubstr("\"width\": 1000")));
    EXPECT_THAT(text_of("second"),
                AllOf(HasSubstr("\"logarithmic\": false"), HasSubstr("\"logarithmic_x\": true"),
                      HasSubstr("\"dark\": false")));
}

}  // namespace
}  // namespace hfc::viewer

#endif
