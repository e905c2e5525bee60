// The curves' pixels on the screen: before, during and after a training, in a resized window, of a
// run that is deleted and comes again.
#if defined(HFC_VIEWER_PROGRAM) && defined(HFC_HOST_PROGRAM)

#include "screen.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <vector>

namespace hfc::viewer {
namespace {

namespace fs = std::filesystem;
using test::Screen;

constexpr uint32_t curve_color = 0x0072B2;  // the first curve's
constexpr int panels_left = 300;            // beyond the legend, which has the same colour

/// Where the curve's pixels are.
struct Extent {
    int left = 1 << 20, right = -1, top = 1 << 20, bottom = -1, pixels = 0;
};

bool is_curve(const Screen& screen, int x, int y) {
    return x >= 0 && y >= 0 && x < screen.width() && y < screen.height() &&
           screen.at(x, y) == curve_color;
}

Extent extent_of(const Screen& screen) {
    Extent found;
    for (int y = 60; y < screen.height(); ++y) {
        for (int x = panels_left; x < screen.width(); ++x) {
            if (is_curve(screen, x, y)) {
                found.left = std::min(found.left, x);
                found.right = std::max(found.right, x);
                found.top = std::min(found.top, y);
                found.bottom = std::max(found.bottom, y);
                ++found.pixels;
            }
        }
    }
    return found;
}

/// How many of the points (epoch, loss) have no pixel of the curve at their place. The outermost
/// points say where the axes lie.
int misplaced(const Screen& screen, const std::vector<std::array<double, 2>>& points) {
    std::array<double, 2> low = points.front(), high = low;
    for (const auto& point : points) {
        for (size_t i = 0; i < 2; ++i) {
            low[i] = std::min(low[i], point[i]);
            high[i] = std::max(high[i], point[i]);
        }
    }
    const auto extent = extent_of(screen);
    constexpr double mark = 3;  // the outermost points' marks reach so far beyond them
    int missing = 0;
    for (const auto& point : points) {
        const double x =
            extent.left + mark +
            (point[0] - low[0]) / (high[0] - low[0]) * (extent.right - extent.left - 2 * mark);
        const double y =
            extent.bottom - mark -
            (point[1] - low[1]) / (high[1] - low[1]) * (extent.bottom - extent.top - 2 * mark);
        bool found = false;
        for (int dx = -1; dx <= 1; ++dx) {
            for (int dy = -1; dy <= 1; ++dy) {
                found =
                    found || is_curve(screen, static_cast<int>(x) + dx, static_cast<int>(y) + dy);
            }
        }
        missing += found ? 0 : 1;
    }
    return missing;
}

std::vector<std::array<double, 2>> logged_points(const fs::path& metrics) {
    std::vector<std::array<double, 2>> points;
    std::ifstream file(metrics);
    for (std::string line; std::getline(file, line);) {
        std::array<double, 2> point = {};
        if (std::sscanf(line.c_str(), "{\"epoch\":%lf,\"loss\":%lf", point.data(),
                        point.data() + 1) == 2) {
            points.push_back(point);
        }
    }
    return points;
}

class ViewerScreen : public test::DisplayTest {
  protected:
    void log_diagonal(int points) const {
        fs::create_directories(run());
        std::ofstream file(run() / "metrics.jsonl", std::ios::app);
        for (int i = 0; i <= points; ++i) {
            file << "{\"epoch\":" << i << ",\"loss\":" << i << "}\n";
        }
    }
    /// A script that trains for so many epochs, each logged as {"epoch":...,"loss":...} and nothing
    /// else.
    void write_training(int epochs, int images) const {
        std::ofstream(folder_ / "train.lua")
            << "local data = hfc.data('synthetic', {train = " << images << "})\n"
            << "local run = hfc.run('line')\n"
            << "local model = hfc.model('preact_resnet8', {classes = data.classes, channels = "
               "data.channels})\n"
            << "hfc.train(model, data.train, {epochs = " << epochs
            << ", batch_size = 10, quiet = true,\n"
            << "  on_epoch = function(r) run:log {epoch = r.epoch, loss = r.loss} end})\n";
    }
};

TEST_F(ViewerScreen, TheCurveFillsAResizedWindow) {
    log_diagonal(20);
    ASSERT_EQ(shell("open run; screen before\nxdotool search --name 'hfc viewer' windowsize --sync "
                    "700 500; screen smaller\n"
                    "xdotool search --name 'hfc viewer' windowsize --sync 1180 780; screen "
                    "larger\nclose_window"),
              0);
    EXPECT_GT(extent_of(screen("before")).right, 900);
    EXPECT_LT(extent_of(screen("smaller")).right, 700);
    EXPECT_GT(extent_of(screen("smaller")).right, 600);
    EXPECT_GT(extent_of(screen("larger")).right, 1080);
    const auto points = logged_points(run() / "metrics.jsonl");
    for (const auto* const name : {"before", "smaller", "larger"}) {
        EXPECT_EQ(misplaced(screen(name), points), 0) << name;
    }
}

TEST_F(ViewerScreen, CurvesGrowWithATraining) {
    write_training(8, 200);
    ASSERT_EQ(shell("open run; screen before\n\"$HOST\" train.lua --out run & lines 3; screen "
                    "during; wait $!; screen after\n"
                    "xdotool key l; screen logarithmic; close_window"),
              0);
    EXPECT_EQ(extent_of(screen("before")).pixels, 0);
    EXPECT_GT(extent_of(screen("during")).pixels, 20);
    const auto points = logged_points(run() / "metrics.jsonl");
    ASSERT_EQ(points.size(), 8U);
    EXPECT_EQ(misplaced(screen("after"), points), 0);
    auto logarithms = points;
    std::for_each(logarithms.begin(), logarithms.end(),
                  [](auto& point) { point[1] = std::log10(point[1]); });
    EXPECT_EQ(misplaced(screen("logarithmic"), logarithms), 0);
    // That places can be told apart: the same epochs with the losses turned around are not what is
    // drawn.
    auto reversed = points;
    for (size_t i = 0; i < points.size(); ++i) {
        reversed[i][1] = points[points.size() - 1 - i][1];
    }
    EXPECT_GT(misplaced(screen("after"), reversed), 0);
}

TEST_F(ViewerScreen, ADeletedRunAndALaterOneOfTheSameName) {
    log_diagonal(20);
    const auto again =
        "mkdir run; for i in 0 1 2; do echo \"{\\\"epoch\\\":$i,\\\"loss\\\":$((i * i))}\" "
        ">>run/metrics.jsonl; done; screen again\n";
    ASSERT_EQ(shell("open run; screen before\nrm -r run; screen deleted\n" + std::string(again) +
                    "close_window"),
              0);
    EXPECT_GT(extent_of(screen("before")).pixels, 100);
    EXPECT_EQ(misplaced(screen("again"), {{0, 0}, {1, 1}, {2, 4}}), 0);
}

}  // namespace
}  // namespace hfc::viewer

#endif
