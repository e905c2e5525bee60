// Sliders, arrows, buttons and captions in a real window, worked by the mouse: of a run that the
// real program has written.
#if defined(HFC_VIEWER_PROGRAM) && defined(HFC_HOST_PROGRAM)

#include "screen.h"

#include <algorithm>
#include <vector>

namespace hfc::viewer {
namespace {

using test::Screen;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

/// A rectangle of the screen, without its right and lowest edge.
struct Box {
    int left, top, right, bottom;
};

/// How many pixels of `color` (0xRRGGBB) are in a box, and the smallest box that holds them.
struct Found {
    int pixels = 0;
    Box box = {1 << 20, 1 << 20, -1, -1};
};

template <typename Wanted>
Found find(const Screen& screen, const Box& in, Wanted wanted) {
    Found found;
    for (int y = in.top; y < std::min(in.bottom, screen.height()); ++y) {
        for (int x = in.left; x < std::min(in.right, screen.width()); ++x) {
            if (wanted(screen.at(x, y))) {
                ++found.pixels;
                found.box = {std::min(found.box.left, x), std::min(found.box.top, y),
                             std::max(found.box.right, x + 1), std::max(found.box.bottom, y + 1)};
            }
        }
    }
    return found;
}

Found find(const Screen& screen, uint32_t color) {
    return find(screen, {260, 60, 1000, 700}, [&](uint32_t pixel) { return pixel == color; });
}

/// The middle of what is written in a box, near to white on the dark theme's ground.
int middle_of_text(const Screen& screen, const Box& in) {
    const auto found = find(screen, in, [](uint32_t pixel) { return (pixel & 0xFF) > 0x80; });
    EXPECT_GT(found.pixels, 5);
    return (found.box.left + found.box.right) / 2;
}

class ViewerControls : public test::DisplayTest {
  protected:
    void SetUp() override {
        DisplayTest::SetUp();
        std::ofstream(folder_ / "make.lua") << R"(
local run = hfc.run("controls")
for epoch, color in ipairs {{1, 0, 0}, {0, 0, 1}, {0, 1, 0}} do
  local cells = torch.tensor(color):reshape(1, 3, 1, 1):expand(2, 3, 8, 8)
  run:image("squares", cells, {captions = {"i", "a long caption"}, epoch = epoch, figure = false})
  run:curve("spectrum", torch.arange(0, 8) * epoch, {epoch = epoch})
end
for step = 1, 100 do run:log {epoch = step / 10, step = step, loss = step % 2} end
)";
    }
    /// On the window that shows the run.
    int work(const std::string& commands) const {
        return shell("\"$HOST\" make.lua --out run >made 2>&1 || exit 9\nopen run\n" + commands +
                     "\nclose_window");
    }
};

enum Square : uint32_t { red_square = 0xFF0000, green_square = 0x00FF00, blue_square = 0x0000FF };
constexpr int cell = 112;  // eight pixels, each made fourteen

TEST_F(ViewerControls, ImagesFollowTheirSliderAndArrows) {
    ASSERT_EQ(work("click 350 44; screen newest\nclick 584 88; screen before\nclick 275 88; screen "
                   "first\nclick 613 88; screen after\n"
                   "click 555 88; screen last"),
              0);
    const std::vector<std::pair<const char*, uint32_t>> expected = {{"newest", green_square},
                                                                    {"before", blue_square},
                                                                    {"first", red_square},
                                                                    {"after", blue_square},
                                                                    {"last", green_square}};
    for (const auto& [name, color] : expected) {
        for (const auto other : {red_square, green_square, blue_square}) {
            EXPECT_EQ(find(screen(name), other).pixels, other == color ? 2 * cell * cell : 0)
                << name;
        }
    }
}

TEST_F(ViewerControls, ImagesOfARunThatIsWrittenAnewAreItsOwn) {
    ASSERT_EQ(
        work("click 350 44; screen before\nrm -r run\nsed 's/{0, 1, 0}/{1, 0, 0}/' make.lua "
             ">other.lua\n"
             "\"$HOST\" other.lua --out run >made 2>&1 || exit 9\nscreen after; screen after"),
        0);
    EXPECT_EQ(find(screen("before"), green_square).pixels, 2 * cell * cell);
    EXPECT_EQ(find(screen("after"), green_square).pixels, 0);
    EXPECT_EQ(find(screen("after"), red_square).pixels, 2 * cell * cell);
}

TEST_F(ViewerControls, CaptionsStandUnderTheMiddleOfTheirImages) {
    ASSERT_EQ(work("click 350 44; screen images"), 0);
    const auto images = screen("images");
    const auto both = find(images, green_square).box;
    ASSERT_EQ(both.bottom - both.top, cell);
    const int under = both.bottom + 1, lowest = both.bottom + 20,
              pitch = both.right - both.left - cell;
    EXPECT_GE(pitch, cell);
    EXPECT_NEAR(middle_of_text(images, {both.left, under, both.left + cell, lowest}),
                both.left + cell / 2, 2);
    EXPECT_NEAR(middle_of_text(images, {both.left + pitch, under, both.right, lowest}),
                both.left + pitch + cell / 2, 2);
}

TEST_F(ViewerControls, CurvesOfLaterEpochsGoWithTheirSlider) {
    ASSERT_EQ(work("save spectrum.csv\nclick 724 18\nsave spectrum-2.csv"), 0);
    EXPECT_THAT(text_of("spectrum.csv"), AllOf(HasSubstr("\"spectrum, epoch 1\",7,7\n"),
                                               HasSubstr("\"spectrum, epoch 3\",7,21\n")));
    EXPECT_THAT(text_of("spectrum-2.csv"),
                AllOf(HasSubstr("\"spectrum, epoch 1\",7,7\n"), Not(HasSubstr("epoch 2"))));
}

TEST_F(ViewerControls, SmoothingAndTheAxisAreThoseChosen) {
    ASSERT_EQ(work("save loss.csv\nxdotool mousemove 156 18 mousedown 1 mousemove 230 18 "
                   "mousemove 300 18 mouseup 1\nsave loss-2.csv\n"
                   "xdotool mousemove 60 18 click 1 mousemove 60 60 click 1\nsave loss-3.csv"),
              0);
    EXPECT_THAT(text_of("loss.csv"), HasSubstr("loss,10,0\n"));
    EXPECT_THAT(text_of("loss-2.csv"),
                AllOf(HasSubstr("loss,10,0."), Not(HasSubstr("loss,10,0\n"))));
    EXPECT_THAT(text_of("loss-3.csv"), HasSubstr("loss,100,0."));
}

/// The largest number of pixels of a colour in one column of a box.
int longest_column(const Screen& screen, const Box& in, uint32_t color) {
    int most = 0;
    for (int x = in.left; x < in.right; ++x) {
        most = std::max(most, find(screen, {x, in.top, x + 1, in.bottom}, [&](uint32_t pixel) {
                                  return pixel == color;
                              }).pixels);
    }
    return most;
}

TEST_F(ViewerControls, OtherPanelsMarkThePlaceUnderThePointer) {
    std::ofstream(folder_ / "make.lua") << R"(
local run = hfc.run("linked")
for step = 1, 100 do run:log {epoch = step, loss = step, rate = step % 2} end
)";
    ASSERT_EQ(work("save rate.csv; screen before\nxdotool mousemove 480 300; sleep 1; "
                   "cp screen/Xvfb_screen0 pointed.xwd"),
              0);
    constexpr Box inside_second = {740, 130, 960, 500};
    constexpr uint32_t faint = 0x6E737D;
    EXPECT_LT(longest_column(screen("before"), inside_second, faint), 20);
    EXPECT_GT(longest_column(screen("pointed"), inside_second, faint), 200);
}

TEST_F(ViewerControls, ButtonsChangeTheThemeAndTheScale) {
    ASSERT_EQ(work("screen dark\nclick 623 18; screen light\nclick 413 18\nsave spectrum.svg"), 0);
    EXPECT_EQ(find(screen("dark"), 0xFFFFFF).pixels, 0);
    EXPECT_GT(find(screen("light"), 0xFFFFFF).pixels, 100000);
    EXPECT_THAT(text_of("spectrum.svg"),
                AllOf(HasSubstr(">10</text>"), Not(HasSubstr(">0</text>"))));
}

}  // namespace
}  // namespace hfc::viewer

#endif
