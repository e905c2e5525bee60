#include "run/figure.h"
#include "plot/gnuplot.h"
#include "run/run.h"

#include "scratch.h"

#include <cmath>
#include <cstdlib>
#include <regex>

namespace hfc::run {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::StartsWith;

using plot::Format;
using plot::has_gnuplot;
using plot::Panel;
using plot::run_gnuplot;

std::vector<std::string> names_of(const Panel& panel) {
    std::vector<std::string> names;
    for (const auto& curve : panel.curves) {
        names.push_back(curve.name);
    }
    return names;
}

// What Figure 3 of the paper shows: low frequencies first, unless the labels are shuffled.
std::vector<Panel> panels_of(const std::vector<Json>& events, const FigureOptions& options) {
    return make_panels(
        [&](const Visit& visit) {
            for (const auto& event : events) {
                visit(event);
            }
        },
        options);
}

std::string program_of(const std::vector<Json>& events, const FigureOptions& options) {
    return gnuplot_program(make_chart(panels_of(events, options), options), Format::svg);
}

std::vector<Json> figure3_events() {
    std::vector<Json> events;
    for (const auto* series : {"natural", "shuffled"}) {
        const bool natural = std::string(series) == "natural";
        for (int epoch = 1; epoch <= (natural ? 12 : 36); ++epoch) {
            Json accuracy;
            const double train =
                natural ? 1 - 0.6 * std::exp(-epoch / 4.0) : 1 / (1 + 9 * std::exp(-epoch / 6.0));
            accuracy["train"] = train;
            for (const int radius : {12, 4, 16, 8}) {
                accuracy["train low r=" + std::to_string(radius)] =
                    0.1 +
                    (train - 0.1) * (natural ? 0.5 + radius / 35.0 : std::pow(radius / 18.0, 3));
            }
            events.push_back({{"series", series},
                              {"epoch", epoch},
                              {"loss", -std::log(train)},
                              {"accuracy", accuracy}});
        }
    }
    return events;
}

TEST(Panels, one_a_series_with_radii_in_order) {
    const auto panels = panels_of(figure3_events(), {});
    ASSERT_EQ(panels.size(), 2U);
    EXPECT_EQ(panels[0].title, "natural");
    EXPECT_EQ(panels[1].title, "shuffled");
    EXPECT_THAT(names_of(panels[1]), ElementsAre("train", "train low r=4", "train low r=8",
                                                 "train low r=12", "train low r=16"));
    ASSERT_EQ(panels[1].curves[0].points.size(), 36U);
    EXPECT_EQ(panels[1].curves[0].points[35].first, 36);
}

TEST(Panels, show_low_and_high_at_one_radius_in_one_colour) {
    const std::vector<Json> events = {Json{
        {"epoch", 1},
        {"accuracy", {{"high r=4", 0.3}, {"low r=12", 0.8}, {"low r=4", 0.5}, {"test", 0.9}}}}};
    const auto panels = panels_of(events, {});
    ASSERT_EQ(panels.size(), 1U);
    std::vector<std::string> seen;
    for (const auto& curve : panels[0].curves) {
        seen.push_back(curve.name + ": " + curve.colour + " " + std::to_string(curve.dash));
    }
    EXPECT_THAT(seen, testing::UnorderedElementsAre("high r=4: r=4 1", "low r=4: r=4 0",
                                                    "low r=12: r=12 0", "test:  0"));
}

TEST(Panels, follow_the_chosen_order) {
    FigureOptions options;
    options.panels = {"shuffled", "natural"};
    options.y = "loss";
    const auto panels = panels_of(figure3_events(), options);
    ASSERT_EQ(panels.size(), 2U);
    EXPECT_EQ(panels[0].title, "shuffled");
    EXPECT_THAT(names_of(panels[0]), ElementsAre("loss"));
}

TEST(Panels, keep_the_gap_of_a_value_that_is_not_finite) {
    FigureOptions options;
    options.y = "loss";
    const std::vector<Json> events = {
        Json{{"epoch", 1}, {"loss", 2}}, Json{{"epoch", 2}, {"loss", std::nan("")}},
        Json{{"epoch", 3}, {"loss", "x"}}, Json{{"epoch", "4"}, {"loss", 1}}, Json{{"loss", 1}}};
    const auto panels = panels_of(events, options);
    ASSERT_EQ(panels.size(), 1U);
    EXPECT_EQ(panels[0].title, "");
    const auto& points = panels[0].curves.at(0).points;
    ASSERT_EQ(points.size(), 2U);
    EXPECT_EQ(points[0], std::pair(1.0, 2.0));
    EXPECT_EQ(points[1].first, 2);
    EXPECT_TRUE(std::isnan(points[1].second));
}

TEST(Panels, errors_name_what_there_is) {
    FigureOptions options;
    EXPECT_THAT(error_of([&] { panels_of({}, options); }),
                HasSubstr("nothing has been logged yet"));
    options.panels = {"natral"};
    EXPECT_THAT(error_of([&] { panels_of(figure3_events(), options); }),
                "no series 'natral' has been logged (did you mean 'natural'?); the series are "
                "'natural', 'shuffled'");
    options.panels = {"natural"};
    options.y = "acuracy";
    EXPECT_THAT(error_of([&] { panels_of(figure3_events(), options); }),
                "in series 'natural', no event has numbers under both 'epoch' and "
                "'acuracy'; the events' keys are series, epoch, loss, accuracy");
    options.panels.clear();
    EXPECT_THAT(error_of([&] { panels_of(figure3_events(), options); }),
                StartsWith("no event has numbers under both"));
}

TEST(Program, accuracies_share_zero_to_one_and_other_values_their_range) {
    FigureOptions options;
    EXPECT_THAT(program_of(figure3_events(), options), HasSubstr("set yrange [-0.02:1.02]"));
    options.y = "loss";
    EXPECT_THAT(program_of(figure3_events(), options), Not(HasSubstr("set yrange [-0.02:1.02]")));
}

TEST(Program, whole_curves_name_their_axis) {
    FigureOptions options;
    options.curves = {"s"};
    const std::vector<Json> events = {
        {{"curve", "s"}, {"x_name", "radius"}, {"x", {0, 1}}, {"y", {1, 2}}}};
    EXPECT_THAT(program_of(events, options),
                AllOf(HasSubstr("set xlabel \"Radius\""), HasSubstr("set ylabel \"\""),
                      Not(HasSubstr("Epoch")), Not(HasSubstr("Accuracy"))));
    options.x_name = "radius in bins";
    options.y_name = "power";
    EXPECT_THAT(program_of(events, options), AllOf(HasSubstr("set xlabel \"radius in bins\""),
                                                   HasSubstr("set ylabel \"power\"")));
}

TEST(Program, scales_are_logarithmic_where_asked) {
    FigureOptions options;
    options.y = "loss";
    options.log = "y";
    EXPECT_THAT(program_of(figure3_events(), options),
                AllOf(HasSubstr("unset logscale x\n"), HasSubstr("set logscale y\n")));
}

class Figure : public Scratch {
  protected:
    void SetUp() override {
        if (!has_gnuplot()) {
            GTEST_SKIP() << "gnuplot is not installed (Debian package gnuplot-nox)";
        }
        RunOptions options;
        options.out = folder_ / "run";
        run_ = std::make_unique<run::Run>(options);
        for (const auto& event : figure3_events()) {
            run_->log(event);
        }
    }

    std::unique_ptr<run::Run> run_;
};

TEST_F(Figure, is_written_as_svg_png_and_pdf) {
    FigureOptions options;
    options.title = "Low frequencies first & \xCF\xB5 <\xE2\x89\xA4> it's";
    options.panels = {"natural", "shuffled"};
    const auto paths = run_->plot("figure3", options);
    EXPECT_THAT(paths, ElementsAre(folder_ / "run/figure3.svg", folder_ / "run/figure3.png",
                                   folder_ / "run/figure3.pdf"));
    EXPECT_THAT(text_of(paths[2]), StartsWith("%PDF-"));
    EXPECT_EQ(read_file(run_->plot("again", options)[2]), read_file(paths[2]))
        << "no time stands in it";
    for (const auto* name : {"again.svg", "again.png", "again.pdf"}) {
        std::filesystem::remove(folder_ / "run" / name);
    }
    const auto svg = text_of(paths[0]);
    EXPECT_THAT(svg, AllOf(StartsWith("<?xml"), EndsWith("</svg>\n\n"), HasSubstr("natural"),
                           HasSubstr("shuffled"), HasSubstr("train low r=16")));
    EXPECT_THAT(svg, AllOf(HasSubstr("Low frequencies first &amp;"), HasSubstr("Accuracy"),
                           HasSubstr("Epoch")));
    const auto png = text_of(paths[1]);
    EXPECT_EQ(png.substr(0, 8), "\x89PNG\r\n\x1A\n");
    EXPECT_EQ(png.substr(png.size() - 8, 4), "IEND");
    EXPECT_THAT(names_in(folder_ / "run"), ElementsAre("config.json", "figure3.pdf", "figure3.png",
                                                       "figure3.svg", "metrics.jsonl"));
    if (const char* keep = std::getenv("HFC_KEEP_FIGURES")) {
        std::filesystem::copy(paths[0], std::filesystem::path(keep) / "figure3.svg",
                              std::filesystem::copy_options::overwrite_existing);
        std::filesystem::copy(paths[1], std::filesystem::path(keep) / "figure3.png",
                              std::filesystem::copy_options::overwrite_existing);
    }
}

TEST_F(Figure, of_one_point_can_be_drawn) {
    run_->log({{"series", "one"}, {"epoch", 1}, {"loss", 2.5}});
    FigureOptions options;
    options.panels = {"one"};
    options.y = "loss";
    EXPECT_NO_THROW(run_->plot("one", options));
}

TEST_F(Figure, failure_of_gnuplot_is_told_in_its_words) {
    EXPECT_THAT(error_of([] { run_gnuplot("set nonsense\n"); }),
                StartsWith("gnuplot failed with status 1: "));
    EXPECT_THAT(error_of([] { run_gnuplot("x = 1\n"); }), StartsWith("gnuplot drew nothing"));
}

TEST_F(Figure, without_gnuplot_its_programs_are_kept_to_be_drawn_elsewhere) {
    const std::string before = std::getenv("PATH");
    ::setenv("PATH", folder_.c_str(), 1);
    EXPECT_FALSE(has_gnuplot());
    const auto paths = run_->plot("figure", {});
    EXPECT_THAT(
        error_of([] { run_gnuplot("set nonsense\n"); }),
        AllOf(HasSubstr("gnuplot is not installed"), HasSubstr("apt-get install gnuplot-nox")));
    ::setenv("PATH", before.c_str(), 1);
    EXPECT_THAT(names_in(folder_ / "run"),
                ElementsAre("config.json", "figure.pdf.gp", "figure.png.gp", "figure.svg.gp",
                            "metrics.jsonl"));
    ASSERT_EQ(paths.size(), 3U);
    const auto later = run_gnuplot(read_file(paths[1])),
               now = read_file(run_->plot("figure", {})[1]);
    EXPECT_EQ(later, now) << "the program draws the same picture";
}

}  // namespace
}  // namespace hfc::run
