// The program in a real window: on a virtual display with OpenGL in software.
#include <gmock/gmock.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cmath>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#ifdef HFC_VIEWER_PROGRAM

namespace hfc::viewer {
namespace {

namespace fs = std::filesystem;

struct Picture {
    int width = 0, height = 0;
    std::string pixels;

    std::array<int, 3> at(int x, int y) const {
        const auto* pixel = reinterpret_cast<const unsigned char*>(pixels.data()) + 3 * (static_cast<ptrdiff_t>(y) * width + x);
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

class ViewerWindow : public testing::Test {
  protected:
    void SetUp() override {
        if (std::system("command -v xvfb-run >/dev/null && command -v xdotool >/dev/null") != 0) {
            GTEST_SKIP() << "xvfb-run and xdotool (Debian: xvfb, xdotool) are not installed";
        }
        fs::create_directories(run());
    }
    ~ViewerWindow() override { fs::remove_all(folder_); }

    fs::path run() const { return folder_ / "run"; }
    void log(const std::string& text) const { std::ofstream(run() / "metrics.jsonl", std::ios::app) << text; }
    /// A shell's commands on a display of their own; $VIEWER, $RUN and $OUT are set.
    int shell(const std::string& commands) const {
        std::ofstream(folder_ / "test.sh") << "VIEWER='" << HFC_VIEWER_PROGRAM << "' RUN='" << run().string() << "' OUT='"
                                           << folder_.string() << "'\n"
                                           << commands;
        const int status =
            std::system(("timeout 60 xvfb-run -a -s '-screen 0 1400x900x24' bash '" + (folder_ / "test.sh").string() + "'").c_str());
        return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    }

    fs::path folder_ = fs::temp_directory_path() / ("hfc-viewer-window-" + std::to_string(::getpid()));
};

constexpr std::array<int, 3> blue = {0, 114, 178};  // the first curve's

TEST_F(ViewerWindow, TheCurveIsWhereTheDataSay) {
    for (int step = 0; step <= 1000; ++step) {
        log("{\"step\":" + std::to_string(step) + ",\"epoch\":" + std::to_string(step) + ",\"loss\":" + std::to_string(step) + "}\n");
    }
    ASSERT_EQ(shell("$VIEWER --light --size 1280x800 --export $OUT/picture.ppm $RUN"), 0);
    const auto picture = read_picture(folder_ / "picture.ppm");
    ASSERT_EQ(picture.width, 1280);
    // The only panel: the straight line from its lower left to its upper right, in the columns where no legend is.
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

TEST_F(ViewerWindow, AKeyClosesItWhileTheRunGrows) {
    log("{\"epoch\":1,\"loss\":1}\n");
    EXPECT_EQ(shell("$VIEWER $RUN & sleep 2\necho '{\"epoch\":2,\"loss\":2}' >> $RUN/metrics.jsonl\n"
                    "xdotool search --sync --name 'hfc viewer' windowfocus --sync key t key l key q\nwait $!"),
              0);
}

TEST_F(ViewerWindow, ForeignDataAreNoCrash) {
    log("\x01\xff\n{\"loss\":1e999}\n{\"loss\":null,\"epoch\":1e308}\n{\"loss\":-1e308,\"epoch\":-1e308}\n{\"loss\":1e308}\n{\"lo");
    EXPECT_EQ(shell("$VIEWER --export $OUT/picture.ppm $RUN"), 0);
    EXPECT_EQ(shell("$VIEWER --export $OUT/picture.ppm $OUT/missing"), 0);
}

TEST_F(ViewerWindow, WithoutADisplayItSaysWhy) {
    EXPECT_EQ(shell("unset DISPLAY; $VIEWER $RUN 2> $OUT/error; echo $? > $OUT/status"), 0);
    std::ifstream error(folder_ / "error");
    EXPECT_THAT(std::string(std::istreambuf_iterator<char>(error), {}), testing::HasSubstr("hfc-viewer: no window: "));
    std::ifstream status(folder_ / "status");
    EXPECT_EQ(std::string(std::istreambuf_iterator<char>(status), {}), "3\n");
}

}  // namespace
}  // namespace hfc::viewer

#endif
