#include "evidence/join.h"

#include "evidence/bands.h"
#include "evidence/finished_runs.h"

#include "base/file.h"
#include "files.h"
#include "scratch_folder.h"

#include <gmock/gmock.h>

#include <cmath>

namespace hfc::evidence {
namespace {

using test::error_of;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

Sample sample(const Json& settings, const std::string& seed, const std::string& csv,
              const std::string& name = "accuracy") {
    return {.settings = settings, .seed = seed, .tables = {{name, run::rows_from_csv(csv)}}};
}

TEST(Join, rows_are_matched_by_their_strings) {
    const auto tables = join(
        {sample({}, "0", "net,test\na,0.1\nb,0.5\n"), sample({}, "1", "net,test\nb,0.7\na,0.3\n")});
    ASSERT_EQ(tables.size(), 1U);
    EXPECT_THAT(tables[0].keys, ElementsAre("net"));
    EXPECT_THAT(tables[0].values, ElementsAre("test"));
    ASSERT_EQ(tables[0].rows.size(), 2U);
    EXPECT_NEAR(tables[0].rows[0].cells[0].interval().mean, 0.2, 1e-15);
    EXPECT_NEAR(tables[0].rows[1].cells[0].interval().mean, 0.6, 1e-15);
    EXPECT_THAT(tables[0].note, IsEmpty());
}

TEST(Join, numbers_that_are_the_same_in_all_runs_match_rows_where_strings_do_not) {
    const auto tables = join({sample({}, "0", "batch size,test\n5,0.1\n10,0.5\n"),
                              sample({}, "1", "batch size,test\n10,0.7\n5,0.3\n")});
    EXPECT_THAT(tables[0].keys, ElementsAre("batch size"));
    EXPECT_NEAR(tables[0].rows[1].cells[0].interval().mean, 0.6, 1e-15);
}

TEST(Join, a_measurement_that_happens_to_be_equal_is_no_key) {
    const auto tables = join({sample({}, "0", "labels,epoch,test,loss\nx,1,0.1,3\nx,1,0.1,4\n"),
                              sample({}, "1", "labels,epoch,test,loss\nx,1,0.1,5\nx,1,0.1,6\n")});
    EXPECT_THAT(tables[0].keys, ElementsAre("labels", "row"));
    EXPECT_THAT(tables[0].values, ElementsAre("epoch", "test", "loss"));
}

TEST(Join, single_runs_are_matched_by_what_they_have_in_common) {
    const auto tables = join({sample({{"source", "a"}}, "0", "test,size\n0.1,5\n0.2,10\n"),
                              sample({{"source", "b"}}, "0", "test,size\n0.3,5\n0.4,10\n")});
    EXPECT_THAT(tables[0].keys, ElementsAre("size"));
    EXPECT_THAT(tables[0].values, ElementsAre("test"));
}

TEST(Join, the_order_matches_rows_as_a_last_resort_and_a_note_says_so) {
    const auto tables = join({sample({}, "0", "test,loss\n0.1,1\n0.5,2\n0.1,3\n"),
                              sample({}, "1", "test,loss\n0.7,1\n0.3,1\n0.2,7\n")});
    EXPECT_THAT(tables[0].keys, ElementsAre("row"));
    EXPECT_THAT(tables[0].note, HasSubstr("matched by their order"));
    EXPECT_NEAR(tables[0].rows[1].cells[0].interval().mean, 0.4, 1e-15);
}

TEST(Join, rows_that_nothing_matches_are_not_averaged) {
    const auto tables = join(
        {sample({}, "0", "image,test\n3,0.1\n4,0.5\n"), sample({}, "1", "image,test\n7,0.7\n")});
    EXPECT_THAT(tables[0].rows, IsEmpty());
    EXPECT_THAT(tables[0].note, HasSubstr("were not joined"));
}

TEST(Join, one_row_a_run_needs_no_key) {
    const auto tables =
        join({sample({}, "0", "test,n\n0.1,5\n"), sample({}, "1", "test,n\n0.3,5\n"),
              sample({}, "2", "test,n\nnan,5\n")});
    ASSERT_EQ(tables[0].rows.size(), 1U);
    EXPECT_THAT(tables[0].keys, IsEmpty());
    const auto& cell = tables[0].rows[0].cells[0];
    EXPECT_EQ(cell.interval().n, 2);
    EXPECT_EQ(cell.missing, 1U);
    EXPECT_EQ(to_readable_rows(tables[0])[0].at("n"), "2 to 3");
}

TEST(Join, settings_are_columns_and_are_compared_in_pairs_by_seed) {
    const auto tables =
        join({sample({{"lr", 0.1}}, "0", "test\n0.5\n"), sample({{"lr", 0.2}}, "0", "test\n0.6\n"),
              sample({{"lr", 0.2}}, "2", "test\n0.9\n"), sample({{"lr", 0.1}}, "1", "test\n0.7\n"),
              sample({{"lr", 0.2}}, "1", "test\n0.81\n")});
    const auto& table = tables[0];
    ASSERT_EQ(table.rows.size(), 2U);
    EXPECT_EQ(to_rows(table)[0].at("lr"), 0.1);
    EXPECT_EQ(to_rows(table)[1].at("test n"), 3);
    const auto found = differences(table, [](const Json&, const Json& first) { return first; });
    ASSERT_EQ(found.size(), 1U);
    EXPECT_EQ(found[0].settings.at("lr"), 0.2);
    EXPECT_EQ(found[0].interval.n, 2);  // seed 2 has no partner
    EXPECT_NEAR(found[0].interval.mean, 0.105, 1e-15);
}

TEST(Join, does_not_depend_on_what_is_in_another_run_of_other_settings) {
    const auto tables = join({sample({{"sizes", "5,10"}}, "0", "size,test\n5,0.1\n10,0.2\n"),
                              sample({{"sizes", "5,10"}}, "1", "size,test\n5,0.1\n10,0.2\n"),
                              sample({{"sizes", "20"}}, "0", "size,test\n20,0.5\n")});
    EXPECT_THAT(tables[0].keys, ElementsAre("size"));
    EXPECT_EQ(tables[0].rows.size(), 3U);
}

TEST(IntervalText, shows_two_digits_of_the_half_width) {
    EXPECT_EQ(to_text({.mean = 0.81234, .low = 0.79934, .high = 0.82534, .n = 3}), "0.812 ± 0.013");
    EXPECT_EQ(to_text({.mean = 0.81234, .low = NAN, .high = NAN, .n = 1}), "0.8123");
    EXPECT_EQ(to_text({.mean = -1e-18, .low = -0.25, .high = 0.25, .n = 3}), "0.00 ± 0.25");
    EXPECT_EQ(to_text({.mean = 0.02, .low = 0.01, .high = 0.03, .n = 3}, true), "+0.020 ± 0.010");
    EXPECT_EQ(to_text({.mean = 1, .low = 1, .high = 1, .n = 3}), "1 ± 0");
    EXPECT_EQ(to_text({.mean = 3e-9, .low = 2e-9, .high = 4e-9, .n = 3}), "3.000e-09 ± 1.0e-09");
    EXPECT_EQ(to_text({.mean = NAN, .low = NAN, .high = NAN, .n = 0}), "");
}

FinishedRun finished(const std::string& settings, const std::string& seed) {
    return {.settings = settings,
            .options = "lr=1e-3",
            .seed = seed,
            .commit = "1234567",
            .device = "cpu",
            .threads = "2",
            .tables = {{"accuracy", run::rows_from_csv("net,test\na,0.1\nb,0.30000000000000004\n")},
                       {"sums", run::rows_from_csv("a \"b\", c\n1e300\n")}}};
}

TEST(FinishedRuns, come_back_from_their_csv_file) {
    const auto text =
        to_csv({finished("0000000000000012", "0"), finished("00000000000012e4", "1")});
    const auto runs = finished_runs_from_csv(text, "x.csv");
    ASSERT_EQ(runs.size(), 2U);
    EXPECT_EQ(runs[0].settings, "0000000000000012");
    EXPECT_EQ(runs[1].settings, "00000000000012e4");
    EXPECT_EQ(runs[1].commit, "1234567");
    EXPECT_EQ(runs[1].seed, "1");
    EXPECT_EQ(runs[1].tables, finished("", "").tables);
    EXPECT_EQ(to_csv(runs), text);
}

TEST(FinishedRuns, are_added_once) {
    const test::ScratchFolder scratch("hfc evidence test");
    const auto path = scratch.path() / "rows.csv";
    EXPECT_EQ(add_finished_runs(path, {finished("a1", "0")}), 1U);
    EXPECT_EQ(add_finished_runs(path, {finished("a1", "0"), finished("a1", "1")}), 1U);
    EXPECT_EQ(finished_runs_from_csv(read_file(path), "").size(), 2U);
}

TEST(FinishedRuns, another_file_is_refused) {
    EXPECT_THAT(
        error_of([] { finished_runs_from_csv("a,b\n1,2\n", "x.csv"); }),
        HasSubstr("'x.csv' contains no finished runs: its first line has no column 'settings'"));
    EXPECT_THAT(error_of([] { finished_runs_from_csv("", "x.csv"); }), HasSubstr("it is empty"));
}

TEST(SettingsHash, depends_on_the_values_and_not_on_their_order) {
    const Json a = {{"lr", 0.001}, {"epochs", 2}}, b = {{"epochs", 2}, {"lr", 1e-3}};
    EXPECT_EQ(settings_hash(a), settings_hash(b));
    EXPECT_NE(settings_hash(a), settings_hash({{"lr", 0.001}, {"epochs", 3}}));
    EXPECT_EQ(settings_hash(a).size(), 16U);
}

RunCurves curves(const std::string& label, const std::vector<Json>& events) {
    return {label, [events](const run::Visit& visit) {
                for (const auto& event : events) {
                    visit(event);
                }
            }};
}

TEST(Bands, are_the_interval_at_each_place) {
    const auto event = [](int epoch, double accuracy) {
        return Json{{"series", "net"}, {"epoch", epoch}, {"time", 1}, {"accuracy", accuracy}};
    };
    const auto figures = band_figures({curves("", {event(1, 0.1), event(2, 0.2)}),
                                       curves("", {event(1, 0.3), event(2, 0.4), event(3, 0.5)})},
                                      Labels::panels);
    ASSERT_EQ(figures.size(), 1U);
    EXPECT_EQ(figures[0].name, "accuracy");
    const auto& curve = figures[0].panels.at(0).curves.at(0);
    ASSERT_EQ(curve.points.size(), 3U);
    EXPECT_NEAR(curve.points[0].second, 0.2, 1e-15);
    const auto interval = mean_interval({0.1, 0.3});
    EXPECT_NEAR(curve.band[0].first, interval.low, 1e-15);
    EXPECT_NEAR(curve.band[0].second, interval.high, 1e-15);
    EXPECT_EQ(curve.band[2].first, 0.5);  // one run alone
}

TEST(Bands, labels_stand_in_panels_or_in_curves) {
    const std::vector<Json> events = {{{"series", "net"}, {"epoch", 1}, {"loss", 0.1}}};
    const std::vector<RunCurves> runs = {curves("a", events), curves("b", events)};
    EXPECT_EQ(band_figures(runs, Labels::panels)[0].panels.size(), 2U);
    const auto overlaid = band_figures(runs, Labels::curves);
    ASSERT_EQ(overlaid[0].panels.size(), 1U);
    const auto& both = overlaid[0].panels[0].curves;
    ASSERT_EQ(both.size(), 2U);
    EXPECT_EQ(both[0].colour, both[1].colour);
    EXPECT_NE(both[0].dash, both[1].dash);
}

}  // namespace
}  // namespace hfc::evidence
