// hfc-host report and hfc-host export.
#include "sweep_scripts.h"

#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <regex>
#include <vector>

namespace hfc::test {
namespace {

namespace fs = std::filesystem;
using testing::AllOf;
using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;
using Words = std::vector<std::string>;

constexpr const char* script = R"lua(
local run = hfc.run("little", {radius = 4, note = "a <b> & c"})
for epoch = 1, 3 do
  run:log {series = "natural", epoch = epoch, accuracy = {train = epoch / 4, test = epoch / 8}}
  run:image("noise", torch.rand(2, 3, 8, 8), {epoch = epoch, figure = false})
end
run:log {worst = 0 / 0}
run:curve("spectrum", {3, 2, 1})
run:row("sums", {name = "</td><script>alert(1)</script>", sum = 1 / 3})
if arg[1] then run:plot("figure", {panels = {"natural"}}) end
)lua";

class Report : public testing::Test {
  protected:
    std::string path(const std::string& name) const { return (scratch_.path() / name).string(); }

    void make_run(const std::string& name, const Words& words = {}) const {
        const auto result = run(Words{"--out", path(name), "--threads", "1", script_} + words);
        ASSERT_EQ(result.status, 0) << result.err;
    }

    ScratchFolder scratch_;
    const std::string script_ = scratch_.write("little.lua", script);
};

/// Nothing but data and places within the page: a browser asks for nothing.
void expect_alone(const std::string& page) {
    const std::regex link("(src|href)=\"([^\"]{0,9})");
    for (std::sregex_iterator it(page.begin(), page.end(), link), end; it != end; ++it) {
        EXPECT_TRUE((*it)[2].str().starts_with("data:") || (*it)[2].str().starts_with("#"))
            << (*it)[0];
    }
    EXPECT_THAT(
        page, AllOf(Not(HasSubstr("<script")), Not(HasSubstr("@import")), Not(HasSubstr("url("))));
}

TEST_F(Report, HoldsAllOfARun) {
    make_run("a", {"draw"});
    const auto result = run({"report", path("a")});
    ASSERT_EQ(result.status, 0) << result.err;
    EXPECT_THAT(result.out, HasSubstr("a/report.html'"));
    const auto page = read_text(path("a/report.html"));
    expect_alone(page);
    EXPECT_THAT(page, AllOf(StartsWith("<!DOCTYPE html>"), EndsWith("</html>\n"),
                            HasSubstr("<title>little: a</title>"), HasSubstr("sums"),
                            HasSubstr("a &lt;b&gt; &amp; c"),
                            HasSubstr("&lt;/td&gt;&lt;script&gt;alert(1)&lt;/script&gt;"),
                            HasSubstr("title=\"0.3333333333333333\">0.3333<")));
    EXPECT_THAT(page, AllOf(HasSubstr("noise, epoch 3"), Not(HasSubstr("noise, epoch 2")),
                            HasSubstr("data:image/png;base64,iVBORw0KGgo"),
                            HasSubstr("run:curve(&quot;spectrum&quot;"), HasSubstr("LibTorch")));
    if (fs::exists(path("a/figure.svg"))) {
        EXPECT_THAT(page, HasSubstr("data:image/svg+xml;base64,PD94bWwg"));
    }
}

TEST_F(Report, DrawsTheCurvesOfARunWithoutFigures) {
    make_run("a");
    ASSERT_EQ(run({"report", path("a"), "--out", path("page.html")}).status, 0);
    const bool draws = std::system("command -v gnuplot > /dev/null") == 0;
    EXPECT_THAT(read_text(path("page.html")), draws ? HasSubstr("<figcaption>accuracy</figcaption>")
                                                    : HasSubstr("gnuplot is not installed"));
    EXPECT_FALSE(fs::exists(path("a/report.html")));
}

TEST_F(Report, PutsSeveralSideBySide) {
    const auto tiny = scratch_.write("tiny.lua", sweep_script);
    for (const auto& [name, lr] : {std::pair("a", "1e-3"), {"b", "1e-2"}}) {
        ASSERT_EQ(run({"sweep", tiny, "--threads", "1", "--epochs", "1", "--seeds", "2", "--lr", lr,
                       "--out", path(name)})
                      .status,
                  0);
    }
    ASSERT_EQ(run({"report", path("a"), path("b"), "--out", path("page.html")}).status, 0);
    const auto page = read_text(path("page.html"));
    expect_alone(page);
    EXPECT_THAT(page, AllOf(HasSubstr("Settings that differ"), HasSubstr("option lr"),
                            HasSubstr("differences from a"), HasSubstr("(n = 2)"),
                            HasSubstr("id=\"source1\"")));
}

TEST_F(Report, IsValidHtml) {
    if (std::system("command -v tidy > /dev/null") != 0) {
        GTEST_SKIP() << "tidy is not installed";
    }
    make_run("a");
    ASSERT_EQ(run({"report", path("a")}).status, 0);
    EXPECT_EQ(std::system(("tidy -quiet -errors '" + path("a/report.html") + "'").c_str()), 0);
}

TEST_F(Report, TakesNoFileFromElsewhere) {
    make_run("a");
    std::ofstream(path("a/metrics.jsonl"), std::ios::app)
        << R"({"image":"x","file":"../../../../../../etc/hostname"})"
        << "\n{torn";
    ASSERT_EQ(run({"report", path("a")}).status, 0);
    EXPECT_THAT(read_text(path("a/report.html")), Not(HasSubstr("<figcaption>x<")));
    ASSERT_EQ(run({"export", "--tensorboard", path("a"), "--out", path("tb")}).status, 0);
    EXPECT_THAT(read_text(path("tb/a/events.out.tfevents.0000000000.hfc-host")),
                Not(HasSubstr("localhost")));
}

/// The time of each record of an event file: a length and its checksum, then the event, whose first
/// field is the time, and another checksum.
std::vector<double> times_of(const std::string& records) {
    std::vector<double> times;
    for (size_t at = 0; at + 21 < records.size();) {
        uint64_t length = 0;
        double time = 0;
        std::memcpy(&length, records.data() + at, sizeof length);
        std::memcpy(&time, records.data() + at + 13, sizeof time);
        times.push_back(time);
        at += 16 + length;
    }
    return times;
}

TEST_F(Report, ExportsTimesFromTheStartOfTheRun) {
    make_run("a");
    std::ofstream(path("a/metrics.jsonl")) << R"({"series": "s", "loss": 1, "time": 2.5}
{"series": "s", "loss": 2, "time": 11.5}
{"series": "s", "loss": 3, "time": 12.5}
)";
    const std::filesystem::file_time_type end = std::chrono::file_clock::from_sys(
        std::chrono::sys_seconds(std::chrono::seconds(1700000000)));
    std::filesystem::last_write_time(path("a/metrics.jsonl"), end);
    ASSERT_EQ(run({"export", "--tensorboard", path("a"), "--out", path("tb")}).status, 0);
    const auto times = times_of(read_text(path("tb/a/events.out.tfevents.0000000000.hfc-host")));
    EXPECT_THAT(times, testing::ElementsAre(1700000000 - 12.5, 1700000000 - 10, 1700000000 - 1,
                                            1700000000));
}

TEST_F(Report, RefusesWrongUse) {
    make_run("a");
    struct Case {
        Words words;
        const char* message;
    };
    const std::vector<Case> cases = {
        {{"report"}, "expected a run or a sweep, got none"},
        {{"report", path("missing")}, "there is no directory"},
        {{"report", scratch_.path().string()}, "is neither a run directory"},
        {{"report", path("a"), "--nonsense"}, "--nonsense"},
        {{"report", path("a"), "--out", path("no/where.html")}, "cannot write"},
        {{"export", path("a")}, "expected --tensorboard (the only format)"},
        {{"export", "--tensorboard"}, "expected a run or a sweep, got none"},
        {{"export", "--tensorboard", path("a"), "--out", path("a")}, "is not empty"},
    };
    for (const auto& [words, message] : cases) {
        const auto result = run(words);
        EXPECT_EQ(result.status, 2) << message;
        EXPECT_THAT(result.err, HasSubstr(message));
    }
    EXPECT_THAT(run({"report", "--help"}).out, HasSubstr("Usage: hfc-host report"));
    EXPECT_THAT(run({"export", "--help"}).out, HasSubstr("tensorboard --logdir"));
}

TEST_F(Report, ExportsEachNumberAndPicture) {
    make_run("a");
    const auto result = run({"export", "--tensorboard", path("a"), "--out", path("tb")});
    ASSERT_EQ(result.status, 0) << result.err;
    EXPECT_THAT(result.out, HasSubstr("tb/a': 10 values; curves and images left out: 1"));
    const auto records = read_text(path("tb/a/events.out.tfevents.0000000000.hfc-host"));
    EXPECT_THAT(records, AllOf(HasSubstr("brain.Event:2"), HasSubstr("natural/accuracy/train"),
                               HasSubstr("natural/accuracy/test"), HasSubstr("worst"),
                               HasSubstr("\x89PNG")));
}

}  // namespace
}  // namespace hfc::test
