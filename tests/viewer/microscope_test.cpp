// The microscope: what the mouse makes of a mask, and the real window with a real network.
#include "microscope/message.h"
#include "run/stored_run.h"
#include "viewer/microscope_link.h"
#include "viewer/microscope_shape.h"

#include "screen.h"

#include <gmock/gmock.h>
#include <unistd.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <chrono>
#include <condition_variable>
#include <filesystem>
#include <fstream>
#include <mutex>
#include <string>
#include <vector>

namespace hfc::viewer {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

TEST(MicroscopeShape, ADragIsARadiusInHalvesARingOrAWedge) {
    MaskShape shape;
    drag_to(shape, {3, 4.1}, false);
    EXPECT_EQ(shape.outer, 5);
    drag_to(shape, {0, 2.3}, false);
    EXPECT_EQ(shape.outer, 2.5);
    shape.tool = Tool::ring;
    begin_drag(shape, {2, 0});
    drag_to(shape, {6, 0}, false);
    EXPECT_EQ(shape.inner, 2);
    EXPECT_EQ(shape.outer, 6);
    drag_to(shape, {1, 0}, false);
    EXPECT_EQ(shape.outer, 2) << "a ring does not turn inside out";
    shape.tool = Tool::wedge;
    begin_drag(shape, {1, 0});
    drag_to(shape, {0, 1}, false);
    EXPECT_EQ(shape.from, 0);
    EXPECT_NEAR(shape.to, 90, 1e-9);
}

TEST(MicroscopeShape, PaintIsSymmetricAndErased) {
    MaskShape shape;
    shape.tool = Tool::paint;
    set_size(shape, 8, 8);
    drag_to(shape, {2, 1}, false);
    const auto at = [&](int row, int column) {
        return shape.painted[static_cast<size_t>(row * 8 + column)];
    };
    EXPECT_EQ(at(5, 6), 1);
    EXPECT_EQ(at(3, 2), 1) << "the opposite frequency";
    EXPECT_EQ(at(4, 4), 0);
    EXPECT_EQ(std::count(shape.painted.begin(), shape.painted.end(), 1), 10);
    drag_to(shape, {-2, -1}, true);
    EXPECT_EQ(std::count(shape.painted.begin(), shape.painted.end(), 1), 0);
}

TEST(MicroscopeLabels, TheFirstChangeIsByRadiusWhateverTheOrderOfTheDrag) {
    LabelsByRadius labels;
    EXPECT_FALSE(labels.first_change());
    labels.add(9, 5);
    labels.add(2, 7);
    labels.add(4, 7);
    labels.add(4.5, 3);
    const auto change = labels.first_change();
    ASSERT_TRUE(change);
    EXPECT_EQ(change->radius, 4.5);
    EXPECT_EQ(change->before, 7);
    EXPECT_EQ(change->after, 3);
}

class MicroscopePipe : public testing::Test {
  protected:
    MicroscopePipe() {
        EXPECT_EQ(::pipe(there.data()), 0);
        EXPECT_EQ(::pipe(back.data()), 0);
    }
    std::array<int, 2> there = {}, back = {};
};

TEST_F(MicroscopePipe, MessagesHaveBytesAndTheEndIsSeen) {
    std::mutex mutex;
    std::condition_variable changed;
    int notified = 0;
    MicroscopeLink link(there[0], back[1], [&] {
        const std::lock_guard lock(mutex);
        ++notified;
        changed.notify_one();
    });
    microscope::Message message;
    message.head = {{"id", 3}};
    message.bytes = {'\n', 0, 255};
    ASSERT_TRUE(microscope::write_message(there[1], message));
    ASSERT_TRUE(microscope::write_message(there[1], {}));
    ::close(there[1]);
    std::unique_lock lock(mutex);
    ASSERT_TRUE(changed.wait_for(lock, std::chrono::seconds(20), [&] { return notified == 3; }));
    const auto news = link.news();
    ASSERT_EQ(news.size(), 2U);
    EXPECT_EQ(news[0].head.at("id"), 3);
    EXPECT_EQ(news[0].bytes, message.bytes);
    EXPECT_TRUE(link.gone());
}

TEST_F(MicroscopePipe, WhatIsNoMessageEndsTheReading) {
    for (const std::string text :
         {"no json\n", "[1]\n", "{\"bytes\":99999999999}\nxx", "{\"bytes\":9}\nxx"}) {
        std::array<int, 2> ends = {};
        ASSERT_EQ(::pipe(ends.data()), 0);
        ASSERT_EQ(::write(ends[1], text.data(), text.size()), static_cast<ssize_t>(text.size()));
        ::close(ends[1]);
        EXPECT_FALSE(microscope::MessageReader(ends[0]).next()) << text;
        ::close(ends[0]);
    }
}

#if defined(HFC_VIEWER_PROGRAM) && defined(HFC_HOST_PROGRAM)

class MicroscopeWindow : public test::DisplayTest {
  protected:
    /// Runs `commands` while the window shows the built-in data, or `shown`, to a trained network;
    /// $H is the host, $V the window's process. prepare: Lua code that runs after the training.
    int work(const std::string& commands, int epochs = 4, const std::string& shown = "synthetic",
             const std::string& prepare = "") const {
        std::ofstream(folder_ / "train.lua") << "local epochs = " << epochs << R"(
local data = hfc.data("synthetic", {train = 200, test = 20})
local run = hfc.run("net")
local model = hfc.model("preact_resnet8", {data = data, batch_norm = true})
hfc.train(model, data.train, {
  epochs = epochs, batch_size = 20, optimizer = {"adam", lr = 3e-3}, quiet = true})
run:save(model)
)" << prepare;
        return shell(
            "[ -d net ] || \"$HOST\" train.lua --out net >made 2>&1 || exit 9\n"
            "\"$HOST\" microscope net --dataset " +
            shown +
            " --device cpu 2>said & H=$!\n"
            "W=$(xdotool search --sync --name 'hfc microscope' | tail -1)\n"
            "V=$(pgrep -P $H -f microscope)\n"
            "xdotool windowfocus --sync $W windowmove $W 0 0; sleep 1\n"
            "save() { xdotool key --window $W s; for i in {1..50}; do [ -s \"$1\" ] && break; "
            "sleep .1; done; sleep .2; }\n" +
            commands);
    }
    nlohmann::json numbers(const std::string& name) const {
        return nlohmann::json::parse(text_of(name), nullptr, false);
    }
};

/// Neither process may be there afterwards.
constexpr const char* both_gone =
    "for i in {1..100}; do kill -0 $H 2>/dev/null || kill -0 $V 2>/dev/null || exit 0; sleep .1; "
    "done; exit 7\n";

TEST_F(MicroscopeWindow, ClosingItEndsTheHostAndKillingTheHostClosesIt) {
    EXPECT_EQ(work(std::string("xdotool key --window $W q; wait $H || exit 5\n") + both_gone, 1),
              0);
    EXPECT_EQ(text_of("said"), "");
    EXPECT_EQ(work(std::string("kill -9 $H\nwait $H\n") + both_gone, 1), 0);
    EXPECT_EQ(work(std::string("kill -9 $V\nwait $H\n") + both_gone, 1), 0);
}

TEST_F(MicroscopeWindow, ADragGivesTheLabelsOfEachRadiusAsTheSweepDoes) {
    // From the zero frequency to the right, half a bin (4.92 pixels) at a time.
    ASSERT_EQ(
        work("for i in 1 2 3; do xdotool key --window $W Right; done; sleep .3\n"
             "xdotool mousemove 170 233 sleep .2 mousedown 1; sleep .3\n"
             "for i in {1..24}; do xdotool mousemove $((170 + (i * 492 + 50) / 100)) 233; sleep "
             ".15; done; xdotool mouseup 1; sleep .4\n"
             "save microscope.json; xdotool key --window $W q; wait $H\n"
             "cat >check.lua <<'E'\n"
             "local data = hfc.data('synthetic')\n"
             "local model = hfc.saved_model('net')\n"
             "local x = data.test:batch(3, 4)\n"
             "for r = 0, 12, .5 do\n"
             "  local mask = hfc.frequency.mask(x.shape[3], x.shape[4], r)\n"
             "  print(hfc.logits(model, hfc.mask.apply(x, mask)):argmax():item())\n"
             "end\n"
             "E\n\"$HOST\" check.lua >expected\n"),
        0)
        << text_of("said") << text_of("errors");
    const auto saved = numbers("microscope.json");
    ASSERT_TRUE(saved.is_object());
    EXPECT_EQ(saved.at("image"), 3);
    std::string labels;
    for (const auto& pair : saved.at("by_radius")) {
        if (pair.at(0) <= 12) {
            labels += std::to_string(pair.at(1).get<int>()) + "\n";
        }
    }
    const auto expected = text_of("expected");
    EXPECT_EQ(labels, expected);
    double first = 0;
    for (size_t line = 2; line < expected.size() && expected[line] == expected[0]; line += 2) {
        first += 0.5;
    }
    ASSERT_NE(expected.find_first_not_of(expected.substr(0, 2)), std::string::npos)
        << "the label changes somewhere";
    EXPECT_EQ(saved.at("first_change"), first + 0.5);
    EXPECT_GT(fs::file_size(folder_ / "microscope.png"), 10000U);
}

/// Writes ten images, one per class, as a directory, and chooses one: its label first changes to
/// the right one as the radius grows.
constexpr const char* choose_an_image = R"(
run:save(model, "natural")
local built_in = hfc.data("synthetic").test
local labels = built_in:labels()
for class = 0, 9 do
  local at = labels:eq(class):nonzero()[0]:item()
  local image = (built_in:batch(at, at + 1)[0] * 255):round():permute(1, 2, 0)
  for _, split in ipairs {"train", "val"} do
    local folder = string.format("pictures/%s/%d", split, class)
    os.execute("mkdir -p " .. folder)
    local file = io.open(folder .. "/1.ppm", "wb")
    file:write("P6 32 32 255\n", string.char(unpack(image:reshape(-1):tolist())))
    file:close()
  end
end
local pictures = hfc.data("folder:pictures", {image_size = 32}).test
local function first_labels(at)
  local before
  local x = pictures:batch(at, at + 1)
  for radius = 0, 12, .5 do
    local label = hfc.mask.predict(model, x, hfc.frequency.mask(32, 32, radius)):item()
    if before and label ~= before then return before, label end
    before = label
  end
end
for at = 0, 9 do
  local before, after = first_labels(at)
  for seed = 0, before and before ~= at and after == at and 99 or -1 do
    local one = hfc.data("folder:pictures", {image_size = 32, test_images = 1, seed = seed}).test
    if one:samples()[0]:item() == at then
      local file = io.open("chosen", "w")
      file:write(at, " ", seed, "\n")
      file:close()
      return
    end
  end
end
error "there is no image whose label first changes to the right one"
)";

TEST_F(MicroscopeWindow, TheLabelFirstChangesAtTheRadiusOfTheScriptFrequencySweep) {
    ASSERT_EQ(
        work("read AT SEED <chosen\n"
             "for ((i = 0; i < AT; i++)); do xdotool key --window $W Right; done; sleep .3\n"
             "xdotool mousemove 170 233 sleep .2 mousedown 1; sleep .3\n"
             "for i in {1..24}; do xdotool mousemove $((170 + (i * 492 + 50) / 100)) 233; sleep "
             ".15; done; xdotool mouseup 1; sleep .4\n"
             "save microscope.json; xdotool key --window $W q; wait $H\n"
             "\"$HOST\" '" HFC_SCRIPTS
             "/frequency_sweep.lua' --dataset folder:pictures --image_size 32 --images 1 "
             "--seed $SEED --step .5 --model net --device cpu --out sweep >swept 2>&1\n",
             4, "folder:pictures --image-size 32", choose_an_image),
        0)
        << text_of("made") << text_of("said") << text_of("swept") << text_of("errors");
    const auto saved = numbers("microscope.json");
    ASSERT_TRUE(saved.is_object());
    const auto sweep = run::read_tables(folder_ / "sweep").at("sweep");
    ASSERT_GT(sweep.size(), 25U);
    // The class of an image is its number. The sweep knows whether the label is right.
    for (const auto& pair : saved.at("by_radius")) {
        const auto row = static_cast<size_t>(2 * pair.at(0).get<double>());
        ASSERT_EQ(sweep.at(row).at("radius").get<double>(), pair.at(0).get<double>());
        EXPECT_EQ(sweep.at(row).at("low-pass"), pair.at(1) == saved.at("image") ? 1 : 0)
            << "r = " << pair.at(0);
    }
    const auto flips = [&](const auto& row) {
        return row.at("low-pass") != sweep.front().at("low-pass");
    };
    const auto first = std::ranges::find_if(sweep, flips);
    ASSERT_NE(first, sweep.end());
    EXPECT_EQ(saved.at("first_change").get<double>(), first->at("radius").get<double>());
}

TEST_F(MicroscopeWindow, ErrorsAreOneSentence) {
    const auto said = [&](const std::string& words) {
        shell("\"$HOST\" microscope " + words + " 2>said >out; echo $? >>said", 60);
        return text_of("said");
    };
    EXPECT_THAT(said("/missing/net.pt2 --dataset synthetic"),
                testing::MatchesRegex("hfc-host: microscope: [^\n]*no such file[^\n]*\n2\n"));
    EXPECT_THAT(said("resnet20 --dataset synthetic"),
                testing::MatchesRegex("hfc-host: microscope: 'resnet20' is neither [^\n]*\n2\n"));
    EXPECT_THAT(said("resnet20 --data /missing"),
                HasSubstr("option --data: '/missing' is not a directory\n2\n"));
    EXPECT_THAT(said("resnet20.th --data \"$OUT\""),
                testing::MatchesRegex("hfc-host: microscope: [^\n]*cifar10[^\n]*\n2\n"));
    shell("unset DISPLAY; \"$HOST\" microscope net 2>said; echo $? >>said", 60);
    EXPECT_EQ(text_of("said"),
              "hfc-host: microscope: cannot open a window: neither DISPLAY nor WAYLAND_DISPLAY is "
              "set\n2\n");
    EXPECT_THAT(said(""), HasSubstr("see hfc-host microscope --help\n2\n"));
}

#endif

}  // namespace
}  // namespace hfc::viewer
