// The program in a real window: on a virtual display with OpenGL in software.
#if defined(HFC_VIEWER_PROGRAM) && defined(HFC_HOST_PROGRAM)

#include "screen.h"

#include <array>
#include <cmath>

namespace hfc::viewer {
namespace {

namespace fs = std::filesystem;

struct Picture {
    int width = 0, height = 0;
    std::string pixels;

    std::array<int, 3> at(int x, int y) const {
        const auto* pixel = reinterpret_cast<const unsigned char*>(pixels.data()) +
                            3 * (static_cast<ptrdiff_t>(y) * width + x);
        return {pixel[0], pixel[1], pixel[2]};
    }
};

Picture read_picture(const fs::path& path) {
    std::ifstream file(path, std::ios::binary);
    Picture picture;
    std::string magic;
    int white = 0;
    file >> magic >> picture.width >> picture.height >> white;
    file.get();
    picture.pixels.assign(std::istreambuf_iterator<char>(file), {});
    return picture;
}

class ViewerWindow : public test::DisplayTest {
  protected:
    void SetUp() override {
        DisplayTest::SetUp();
        fs::create_directories(run());
    }
    void log(const std::string& text) const {
        std::ofstream(run() / "metrics.jsonl", std::ios::app) << text;
    }
    int shell(const std::string& commands) const { return DisplayTest::shell(commands, 60); }
};

constexpr std::array<int, 3> blue = {0, 114, 178};  // the first curve's

TEST_F(ViewerWindow, TheCurveIsWhereTheDataSay) {
    for (int step = 0; step <= 1000; ++step) {
        log("{\"step\":" + std::to_string(step) + ",\"epoch\":" + std::to_string(step) +
            ",\"loss\":" + std::to_string(step) + "}\n");
    }
    ASSERT_EQ(shell("$VIEWER --light --size 1280x800 --export $OUT/picture.ppm $RUN"), 0);
    const auto picture = read_picture(folder_ / "picture.ppm");
    ASSERT_EQ(picture.width, 1280);
    // The only panel: the straight line from its lower left to its upper right, in the columns
    // where no legend is.
    int first_y = 0, last_y = 0, first_x = 0, last_x = 0, seen = 0;
    for (int x = 300; x < 1280; ++x) {
        for (int y = 60; y < 800; ++y) {
            if (picture.at(x, y) == blue) {
                first_x = seen == 0 ? x : first_x;
                first_y = seen == 0 ? y : first_y;
                last_x = x;
                last_y = y;
                ++seen;
                break;
            }
        }
    }
    ASSERT_GT(seen, 700);
    const double slope = static_cast<double>(first_y - last_y) / (last_x - first_x);
    for (int x = first_x + 20; x < last_x - 20; x += 50) {
        const int expected = static_cast<int>(std::lround(first_y - slope * (x - first_x)));
        bool found = false;
        for (int y = expected - 2; y <= expected + 3; ++y) {
            found = found || picture.at(x, y) == blue;
        }
        EXPECT_TRUE(found) << "column " << x << ", expected at row " << expected;
    }
}

TEST_F(ViewerWindow, WhereThereIsNoEpochTheStepIsTheAxis) {
    for (int step = 0; step <= 1000; ++step) {
        log("{\"step\":" + std::to_string(step) + ",\"loss\":" + std::to_string(step) + "}\n");
    }
    ASSERT_EQ(shell("$VIEWER --light --size 1280x800 --export $OUT/picture.ppm $RUN"), 0);
    const auto picture = read_picture(folder_ / "picture.ppm");
    int columns = 0;
    for (int x = 300; x < 1280; ++x) {
        bool found = false;
        for (int y = 60; y < 800; ++y) {
            found = found || picture.at(x, y) == blue;
        }
        columns += found ? 1 : 0;
    }
    EXPECT_GT(columns, 700);
}

/// Opens the window on $RUN and waits until it has drawn; $W is the window, $V the process.
constexpr const char* open =
    "$VIEWER --size 1280x800 $RUN & V=$!\nW=$(xdotool search --sync --name 'hfc viewer' | tail "
    "-1)\nxdotool windowfocus --sync $W\n"
    "sleep 1\nsave() { xdotool key --window $W s; for i in $(seq 50); do [ -s \"$1\" ] && break; "
    "sleep .1; done; }\n";
constexpr const char* close = "xdotool key --window $W q\nwait $V\n";

class ViewerMouse : public ViewerWindow {
  protected:
    /// The straight line from (0, 0) to (1000, 1000), saved before and after what the mouse does.
    void expect_zoom(const std::string& mouse) {
        for (int step = 0; step <= 1000; step += 10) {
            log("{\"epoch\":" + std::to_string(step) + ",\"loss\":" + std::to_string(step) + "}\n");
        }
        ASSERT_EQ(shell(open + std::string("save loss.svg\n") + mouse +
                        "\nsleep .5\nsave loss-2.svg\nxdotool key --window $W r\nsleep .5\n" +
                        "save loss-3.svg\n" + close),
                  0);
        const auto before = text_of("loss.svg"), zoomed = text_of("loss-2.svg");
        EXPECT_THAT(before, testing::HasSubstr(">1000</text>"));
        EXPECT_THAT(zoomed, testing::AllOf(testing::HasSubstr("<svg"),
                                           testing::Not(testing::HasSubstr(">1000</text>"))));
        EXPECT_EQ(text_of("loss-3.svg"), before) << "R shows all again";
        EXPECT_EQ(text_of("loss-2.csv"), text_of("loss.csv")) << "the numbers are all of them";
        EXPECT_THAT(text_of("loss.csv"), testing::HasSubstr("loss,1000,1000\n"));
        EXPECT_GT(fs::file_size(folder_ / "loss.png"), 2000U);
    }
};

TEST_F(ViewerMouse, DraggingZoomsToTheRectangle) {
    expect_zoom(
        "xdotool mousemove 500 300 sleep .1 mousedown 1 sleep .1 mousemove 600 350 sleep .1 "
        "mousemove 700 450 sleep .1 mouseup 1");
}

TEST_F(ViewerMouse, TheWheelZoomsAroundThePointer) {
    expect_zoom("xdotool mousemove 700 400 click 4 click 4 click 4 click 4");
}

TEST_F(ViewerMouse, LegendAndResizing) {
    log("{\"series\":\"natural\",\"epoch\":1,\"loss\":1}\n{\"series\":\"shuffled\",\"epoch\":1,"
        "\"loss\":2}\n");
    ASSERT_EQ(shell(open +
                    std::string("xdotool windowsize --sync $W 700 500\nxdotool windowsize --sync "
                                "$W 1300 850\nsleep .5\nsave loss.csv\n"
                                "xdotool mousemove 80 87 click 1\nsleep 1\nsave loss-2.csv\n") +
                    close),
              0);
    EXPECT_THAT(text_of("loss.csv"), testing::AllOf(testing::HasSubstr("natural,1,1"),
                                                    testing::HasSubstr("shuffled,1,2")));
    EXPECT_THAT(text_of("loss-2.csv"), testing::AllOf(testing::Not(testing::HasSubstr("natural")),
                                                      testing::HasSubstr("shuffled")));
}

TEST_F(ViewerWindow, RunsOfOneNameAreToldApart) {
    for (const auto* const name : {"a/out", "b/out"}) {
        fs::create_directories(folder_ / name);
        std::ofstream(folder_ / name / "metrics.jsonl")
            << "{\"epoch\":1,\"loss\":" << (name[0] == 'a' ? 1 : 2) << "}\n";
    }
    // The second run's legend: the first ones's name, last event and curve stand above it.
    ASSERT_EQ(
        shell("cd a/out; RUN='. ../../b/out'\n" + std::string(open) +
              "save loss.csv\nxdotool mousemove 80 87 click 1\nsleep 1\nsave loss-2.csv\n" + close),
        0);
    const auto both = text_of("a/out/loss.csv"), one = text_of("a/out/loss-2.csv");
    EXPECT_THAT(both, testing::AllOf(testing::HasSubstr("a/out / loss,1,1\n"),
                                     testing::HasSubstr("b/out / loss,1,2\n")));
    EXPECT_THAT(one, testing::AllOf(testing::Not(testing::HasSubstr("a/out / loss")),
                                    testing::HasSubstr("b/out / loss,1,2\n")));
}

TEST_F(ViewerWindow, NewRunsAppear) {
    log("{\"epoch\":1,\"loss\":1}\n");
    ASSERT_EQ(shell("mkdir -p runs/old; echo '{}' >runs/old/config.json; touch -d '2 hours ago' "
                    "runs/old/config.json\n"
                    "RUN=\"--new-runs $OUT/runs --since $(date -d '1 hour ago' +%s) $RUN\"\n" +
                    std::string(open) +
                    "mkdir runs/new; echo '{}' >runs/new/config.json; echo "
                    "'{\"epoch\":1,\"loss\":5}' >runs/new/metrics.jsonl\n"
                    "cp runs/new/metrics.jsonl runs/old\nsleep 1\nxdotool mousemove 500 300\nsleep "
                    "1\nsave loss.csv\n" +
                    close),
              0);
    EXPECT_THAT(text_of("loss.csv"), testing::AllOf(testing::HasSubstr("run / loss,1,1\n"),
                                                    testing::HasSubstr("new / loss,1,5\n"),
                                                    testing::Not(testing::HasSubstr("old"))));
}

/// A training of some seconds by the real program, in $OUT/job.
class ViewerTraining : public ViewerWindow {
  protected:
    void SetUp() override {
        ViewerWindow::SetUp();
        std::ofstream(folder_ / "job.lua")
            << "local data = hfc.data('synthetic', {train = 100, test = 20})\nlocal run = hfc.run "
               "'job'\n"
               "local history = hfc.train(hfc.model 'preact_resnet8', data.train, {epochs = 30, "
               "batch_size = 10,\n"
               "  quiet = true, probes = {test = data.test}, log = run})\n"
               "run:row('done', {epochs = #history})\n";
    }
    std::string start =
        "export OMP_NUM_THREADS=1\n$HOST job.lua --out $OUT/job & H=$!\nRUN=$OUT/job\nwhile [ ! -s "
        "$RUN/metrics.jsonl ]; do sleep .1; "
        "done\n";
    std::string table() const { return text_of("job/done.csv"); }
};

TEST_F(ViewerTraining, GoesOnWhenTheWindowIsClosedOrKilled) {
    ASSERT_EQ(shell(start + open + close + open + "kill -9 $V\nwait $H\n"), 0);
    EXPECT_EQ(table(), "epochs\n30\n");
}

TEST_F(ViewerTraining, TheWindowStaysWhenTheTrainingIsKilled) {
    ASSERT_EQ(shell(start + open + "kill -9 $H\nsleep 1\nsave loss.csv\n" + close), 0);
    EXPECT_THAT(text_of("loss.csv"), testing::HasSubstr("loss,1,"));
}

TEST_F(ViewerTraining, TheButtonsPauseItAndStopIt) {
    // However fast the machine is, the training goes on when the button is clicked.
    ASSERT_EQ(shell("sed -i 's/epochs = 30/epochs = 2000/' job.lua\n" + start + open +
                    "xdotool mousemove 40 87 click 1\nsleep 1\ncp $RUN/control paused\nA=$(wc -l < "
                    "$RUN/metrics.jsonl)\nsleep 2\n"
                    "B=$(wc -l < $RUN/metrics.jsonl)\necho $((B - A)) > grown\nxdotool mousemove "
                    "150 87 click 1\nwait $H\n" +
                    close),
              0);
    EXPECT_EQ(text_of("paused"), "pause\n");
    EXPECT_EQ(text_of("grown"), "0\n");
    EXPECT_THAT(table(), testing::MatchesRegex("epochs\n[0-9]+\n"));
    EXPECT_NE(table(), "epochs\n2000\n");
}

TEST_F(ViewerWindow, AKeyClosesItWhileTheRunGrows) {
    log("{\"epoch\":1,\"loss\":1}\n");
    EXPECT_EQ(
        shell("$VIEWER $RUN & sleep 2\necho '{\"epoch\":2,\"loss\":2}' >> $RUN/metrics.jsonl\n"
              "xdotool search --sync --name 'hfc viewer' windowfocus --sync key t key l key "
              "q\nwait $!"),
        0);
}

TEST_F(ViewerWindow, ForeignDataAreNoCrash) {
    log("\x01\xff\n{\"loss\":1e999}\n{\"loss\":null,\"epoch\":1e308}\n{\"loss\":-1e308,\"epoch\":-"
        "1e308}\n{\"loss\":1e308}\n{\"lo");
    EXPECT_EQ(shell("$VIEWER --export $OUT/picture.ppm $RUN"), 0);
    EXPECT_EQ(shell("$VIEWER --export $OUT/picture.ppm $OUT/missing"), 0);
}

TEST_F(ViewerWindow, WithoutADisplayItSaysWhy) {
    EXPECT_EQ(shell("unset DISPLAY; $VIEWER $RUN 2> $OUT/error; echo $? > $OUT/status"), 0);
    std::ifstream error(folder_ / "error");
    EXPECT_THAT(std::string(std::istreambuf_iterator<char>(error), {}),
                testing::HasSubstr("hfc-viewer: cannot open a window: "));
    std::ifstream status(folder_ / "status");
    EXPECT_EQ(std::string(std::istreambuf_iterator<char>(status), {}), "3\n");
}

}  // namespace
}  // namespace hfc::viewer

#endif
