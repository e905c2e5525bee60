#include "plot/chart.h"
#include "plot/gnuplot.h"
#include "plot/gnuplot_text.h"

#include "files.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace hfc::plot {
namespace {

using test::error_of;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::StartsWith;

Chart chart_of(std::vector<Curve> curves) {
    return {.panels = {{.title = "net", .curves = std::move(curves)}}};
}

std::string program_of(std::vector<Curve> curves) {
    return gnuplot_program(chart_of(std::move(curves)), Format::svg);
}

/// What gnuplot makes of it, or nothing where there is no gnuplot.
std::string svg_of(const Chart& chart) {
    return has_gnuplot() ? draw(gnuplot_program(chart, Format::svg), Format::svg) : "";
}

size_t count(const std::string& text, const std::string& part) {
    size_t found = 0;
    for (auto at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) {
        ++found;
    }
    return found;
}

TEST(ChartProgram, draws_bands_behind_their_curves_and_cuts_them_at_the_axis) {
    auto chart = chart_of(
        {{.name = "test", .points = {{1, 0.5}, {2, 0.9}}, .band = {{0.4, 0.6}, {0.7, 1.3}}}});
    chart.panels[0].y.unit = true;
    const auto program = gnuplot_program(chart, Format::svg);
    EXPECT_THAT(program, HasSubstr("1 0.5 0.4 0.6\n2 0.9 0.7 1.02\n"));
    const auto band = program.find("with filledcurves"), line = program.find("with linespoints");
    EXPECT_LT(band, line);
    EXPECT_THAT(program, HasSubstr("fillcolor rgb '#000000'"));
}

TEST(ChartProgram, gives_curves_of_one_quantity_one_colour_and_other_dashes) {
    const auto program =
        program_of({{.name = "test, a", .points = {{1, 0.5}}, .colour = "test"},
                    {.name = "test, b", .points = {{1, 0.6}}, .colour = "test", .dash = 1}});
    EXPECT_THAT(program, HasSubstr("linetype 1 linecolor rgb '#000000'"));
    EXPECT_THAT(program, HasSubstr("linetype 2 linecolor rgb '#000000'"));
    EXPECT_THAT(program, AllOf(HasSubstr("dashtype 1\n"), HasSubstr("dashtype 2\n")));
}

TEST(ChartProgram, breaks_a_line_where_x_goes_back_and_where_y_is_not_finite) {
    const double nan = std::nan("");
    EXPECT_THAT(program_of({{.name = "a", .points = {{1, 1}, {2, 2}, {1, 3}, {2, 4}}}}),
                HasSubstr("END\n1 1\n2 2\n\n1 3\n2 4\nEND\n"));
    EXPECT_THAT(program_of({{.name = "a", .points = {{1, nan}, {2, 2}, {3, nan}, {4, 4}, {3, 5}}}}),
                HasSubstr("END\n2 2\n\n4 4\n\n3 5\nEND\n"));
    EXPECT_THAT(
        program_of({{.name = "a",
                     .points = {{1, 1}, {2, std::numeric_limits<double>::infinity()}, {3, 3}}}}),
        HasSubstr("1 1\n\n3 3\n"));
}

TEST(ChartProgram, draws_values_that_are_almost_equal) {
    for (const auto& [a, b] : {std::pair(.3, .1 + .2),
                               {1.0, 1 + 1e-10},
                               {5.0, 5.0},
                               {0.0, 0.0},
                               {1e300, 2e300},
                               {1e-300, 2e-300},
                               {-1e9, -1e9 + 1}}) {
        const auto chart = chart_of({{.name = "a", .points = {{a, a}, {b, b}}}});
        EXPECT_TRUE(svg_of(chart).empty() || svg_of(chart).find("<svg") != std::string::npos);
    }
    const double now = 1795818180.1;
    EXPECT_THAT(program_of({{.name = "t", .points = {{now, 1}, {now + 100, 2}}}}),
                HasSubstr("set format x '%.10g'"));
}

TEST(ChartProgram, has_all_of_forty_names_in_its_legend) {
    std::vector<Curve> curves;
    for (int i = 0; i < 40; ++i) {
        curves.push_back({.name = "name" + std::to_string(i) + ".", .points = {{1, i}, {2, i}}});
    }
    const auto svg = svg_of(chart_of(curves));
    if (svg.empty()) {
        GTEST_SKIP() << "gnuplot is not installed (Debian package gnuplot-nox)";
    }
    for (const auto& curve : curves) {
        EXPECT_EQ(count(svg, ">" + curve.name + "<"), 1U) << curve.name;
    }
    // They lie within the picture.
    const auto width = std::stod(svg.substr(svg.find("viewBox=\"0 0 ") + 13));
    for (auto at = svg.find("translate("); at != std::string::npos;
         at = svg.find("translate(", at + 1)) {
        EXPECT_LT(std::stod(svg.substr(at + 10)), width);
    }
}

TEST(ChartProgram, quotes_so_that_names_cannot_become_commands) {
    EXPECT_EQ(quote("it's `id`\nset"), R"("it's \140id\140 set")");
    EXPECT_EQ(quote("'cat'"), R"("'cat'")");
    EXPECT_EQ(quote(R"("a\b" @c)"), R"("\"a\\b\" \100c")");
    for (const std::string name : {"'cat'", "''", "\"", "\\", "a\\", "`touch x`", "@v", "#", "%d",
                                   "{/Bold b}", "a_b^c", "$panel0curve0"}) {
        auto chart = chart_of(
            {{.name = name, .points = {{1, 1}, {2, 2}}}, {.name = "b", .points = {{1, 2}}}});
        chart.title = name;
        chart.panels[0].title = name;
        chart.panels[0].x.name = name;
        chart.panels[0].notes = {{1, 1, name}};
        const auto svg = svg_of(chart);
        if (svg.empty()) {
            GTEST_SKIP() << "gnuplot is not installed (Debian package gnuplot-nox)";
        }
        std::string shown;
        for (const char c : name) {
            shown += c == '"' ? "&quot;" : std::string(1, c);
        }
        EXPECT_GE(count(svg, shown) + count(svg, name), 5U) << name;
    }
}

TEST(ChartProgram, draws_bars_points_maps_and_notes) {
    Chart chart = chart_of({{.name = "low",
                             .points = {{0, .5}, {1, .7}},
                             .band = {{.4, .6}, {.6, .8}},
                             .kind = Kind::bars},
                            {.name = "high", .points = {{0, .3}, {1, .2}}, .kind = Kind::bars}});
    chart.panels[0].x.categories = {"cat", "dog"};
    chart.panels.push_back(
        {.title = "map", .curves = {}, .map = ColourMap{.columns = 2, .values = {1, 2, NAN, 4}}});
    chart.panels.push_back(
        {.title = "points",
         .curves = {{.name = "p", .points = {{1, 1}, {2, 3}}, .kind = Kind::points}},
         .notes = {{1, 1, "first"}}});
    const auto program = gnuplot_program(chart, Format::svg);
    EXPECT_THAT(program, AllOf(HasSubstr("with boxes"), HasSubstr("with vectors nohead"),
                               HasSubstr("(\"cat\" 0, \"dog\" 1)"), HasSubstr("matrix using"),
                               HasSubstr("1 2\nNaN 4\n"), HasSubstr("with points"),
                               HasSubstr("set label 2 \"first\"")));
    // Bars of two curves stand to the left and to the right of their category.
    EXPECT_THAT(program, AllOf(HasSubstr("($1+-0.2):2:(0.4)"), HasSubstr("($1+0.2):2:(0.4)")));
    EXPECT_TRUE(svg_of(chart).empty() || count(svg_of(chart), "image-rendering:pixelated") == 1);
}

TEST(ChartProgram, keeps_the_width_in_print) {
    auto chart =
        chart_of({{.name = "a", .points = {{1, 1}, {2, 2}}}, {.name = "b", .points = {{1, 2}}}});
    chart.width = 84;
    EXPECT_THAT(gnuplot_program(chart, Format::pdf), HasSubstr("pdfcairo size 3.3071in"));
    EXPECT_THAT(gnuplot_program(chart, Format::svg), HasSubstr("svg size 317,"));
    EXPECT_THAT(gnuplot_program(chart, Format::png), HasSubstr("pngcairo size 992,"));
    EXPECT_THAT(gnuplot_program(chart, Format::pdf), HasSubstr("font 'Sans,8'"));
}

TEST(ChartProgram, puts_panels_into_rows) {
    auto chart = chart_of({{.name = "a", .points = {{1, 1}}}});
    chart.panels.resize(5, chart.panels.front());
    EXPECT_THAT(gnuplot_program(chart, Format::svg), HasSubstr("multiplot layout 2,4 "));
    chart.across = 2;
    EXPECT_THAT(gnuplot_program(chart, Format::svg), HasSubstr("multiplot layout 3,2 "));
}

TEST(ChartProgram, errors_name_what_does_not_fit) {
    EXPECT_THAT(error_of([] { require_valid({}); }), HasSubstr("must have at least one panel"));
    auto narrow = chart_of({{.name = "a", .points = {{1, 1}}}});
    narrow.width = 10;
    EXPECT_THAT(error_of([&] { gnuplot_program(narrow, Format::svg); }),
                StartsWith("a width of 10 mm leaves no room for 1 panels"));
    auto log = chart_of({{.name = "a", .points = {{1, -1}}}});
    log.panels[0].y.log = true;
    EXPECT_THAT(error_of([&] { require_valid(log); }), HasSubstr("but y has none"));
    auto map = chart_of({});
    map.panels[0].map = ColourMap{.columns = 2, .values = {1, 2, 3}};
    EXPECT_THAT(error_of([&] { require_valid(map); }),
                HasSubstr("the same number of values in each row"));
}

}  // namespace
}  // namespace hfc::plot
