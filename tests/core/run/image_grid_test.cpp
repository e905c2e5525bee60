#include "plot/image_grid.h"
#include "plot/gnuplot.h"
#include "run/run.h"

#include "scratch.h"

#include <ATen/ATen.h>
#include <cstdlib>
#include <fstream>
#include <sstream>

namespace hfc::run {
namespace {

using plot::Format;
using plot::gnuplot_program;
using plot::has_gnuplot;
using plot::ImageGrid;
using plot::mosaic;
using plot::PixelRange;
using plot::run_gnuplot;
using plot::to_bytes;
using ::testing::HasSubstr;
using ::testing::Not;

/// Pictures 2 x 3, each of one grey value: 0, 10, 20, ...
ImageGrid grey_grid(int64_t count, int64_t columns) {
    auto values = at::arange(count, at::kLong).mul(10).to(at::kByte);
    return {.images = values.reshape({count, 1, 1, 1}).expand({count, 1, 2, 3}).contiguous(),
            .columns = columns};
}

TEST(ImageGrid, TheMosaicHoldsRowsOfPicturesAndWhiteForMissingOnes) {
    const auto grid = grey_grid(5, 3);
    const auto whole = mosaic(grid);
    ASSERT_EQ(whole.sizes(), (std::vector<int64_t>{1, 4, 9}));
    EXPECT_EQ(whole[0][0][0].item<int>(), 0);
    EXPECT_EQ(whole[0][1][3].item<int>(), 10);
    EXPECT_EQ(whole[0][1][8].item<int>(), 20);
    EXPECT_EQ(whole[0][2][0].item<int>(), 30);
    EXPECT_EQ(whole[0][3][5].item<int>(), 40);
    EXPECT_EQ(whole[0][3][6].item<int>(), 255);
}

TEST(ImageGrid, FewerPicturesThanColumnsMakeANarrowerMosaic) {
    EXPECT_EQ(mosaic(grey_grid(2, 8)).sizes(), (std::vector<int64_t>{1, 2, 6}));
}

TEST(ImageGrid, ValuesBecomeBytes) {
    const auto images = at::tensor({-1.0F, 0.0F, 0.5F, 2.0F}).reshape({1, 1, 2, 2});
    const auto bytes = [&](const PixelRange& range) {
        const auto flat = to_bytes(images, range).flatten();
        return std::vector<int>{flat[0].item<int>(), flat[1].item<int>(), flat[2].item<int>(),
                                flat[3].item<int>()};
    };
    EXPECT_EQ(bytes({}), (std::vector<int>{0, 0, 128, 255}));
    EXPECT_EQ(bytes({-1, 1}), (std::vector<int>{0, 128, 191, 255}));
    EXPECT_EQ(bytes({.each = true}), (std::vector<int>{0, 85, 128, 255}));
}

TEST(ImageGrid, EachPictureHasItsOwnRangeAndAConstantOneIsBlack) {
    const auto images = at::tensor({0.0F, 4.0F, 7.0F, 7.0F}).reshape({2, 1, 1, 2});
    const auto flat = to_bytes(images, {.each = true}).flatten();
    EXPECT_EQ(flat[1].item<int>(), 255);
    EXPECT_EQ(flat[3].item<int>(), 0);
}

TEST(ImageGrid, CaptionsOfSeveralLinesHeadingsAndTitleAreInTheProgram) {
    auto grid = grey_grid(2, 2);
    grid.captions = {"cat\n0.98", "it's a dog"};
    grid.headings = {"x_l"};
    grid.title = "Figure 2";
    const auto program = gnuplot_program(grid, Format::svg);
    for (const auto* text : {"\"cat\"", "\"0.98\"", "\"it's a dog\"", "\"x_l\"", "\"Figure 2\""}) {
        EXPECT_THAT(program, HasSubstr(std::string("set label ") + text));
    }
}

TEST(ImageGrid, WhatDoesNotFitIsSaid) {
    auto captions = grey_grid(3, 2);
    captions.captions = {"one", "two"};
    EXPECT_THAT(error_of([&] { mosaic(captions); }), HasSubstr("one caption per image (3), got 2"));
    auto headings = grey_grid(3, 2);
    headings.headings = {"one"};
    EXPECT_THAT(error_of([&] { mosaic(headings); }), HasSubstr("one heading per row (2), got 1"));
    EXPECT_THAT(error_of([&] { mosaic(grey_grid(3, 0)); }),
                HasSubstr("columns must be at least 1, got 0"));
    EXPECT_THAT(error_of([&] {
                    mosaic({.images = at::zeros({1, 2, 4, 4}, at::kByte)});
                }),
                HasSubstr("1 channel (grey) or 3 (RGB), got 2"));
    EXPECT_THAT(error_of([&] {
                    mosaic({.images = at::zeros({0, 3, 4, 4}, at::kByte)});
                }),
                HasSubstr("no image to draw"));
    EXPECT_THAT(error_of([&] {
                    mosaic({.images = at::zeros({2000, 1, 2, 2}, at::kByte)});
                }),
                HasSubstr("too many"));
    EXPECT_THAT(error_of([&] { to_bytes(at::rand({3, 4, 4})); }), HasSubstr("[N, C, H, W]"));
    EXPECT_THAT(error_of([&] {
                    to_bytes(at::full({1, 1, 2, 2}, NAN));
                }),
                HasSubstr("values that are not finite"));
    EXPECT_THAT(error_of([&] {
                    to_bytes(at::rand({1, 1, 2, 2}), {1, 1});
                }),
                HasSubstr("got 1 to 1"));
}

TEST(ImageGrid, IsDrawnWithSharpPixels) {
    if (!has_gnuplot()) {
        GTEST_SKIP() << "gnuplot is not installed";
    }
    const auto svg = draw(gnuplot_program(grey_grid(3, 2), Format::svg), Format::svg);
    size_t images = 0;
    for (auto found = svg.find("<image style='image-rendering:pixelated'");
         found != std::string::npos; found = svg.find("<image style", found + 1)) {
        ++images;
    }
    EXPECT_EQ(images, 3U);
    // A kernel of one weight still has a size.
    const auto one =
        run_gnuplot(gnuplot_program({.images = at::zeros({1, 3, 1, 1}, at::kByte)}, Format::png));
    EXPECT_EQ(one.substr(1, 3), "PNG");
}

using RunImages = Scratch;

TEST_F(RunImages, EachGridIsKeptAndLogged) {
    if (!has_gnuplot()) {
        GTEST_SKIP() << "gnuplot is not installed";
    }
    hfc::run::Run run({.name = "grids", .out = folder_ / "run", .script = {}});
    const auto grid = grey_grid(4, 2);
    run.image("kernels", grid, {{"epoch", 1}});
    const auto paths = run.image("kernels", grid, {{"epoch", 2}});
    ASSERT_EQ(paths.size(), 4U);
    EXPECT_EQ(paths[3], run.directory() / "images" / "kernels-2.png");
    for (const auto& path : paths) {
        EXPECT_GT(std::filesystem::file_size(path), 0U) << path;
    }
    EXPECT_TRUE(std::filesystem::exists(run.directory() / "images" / "kernels-1.png"));
    std::ifstream file(run.directory() / "metrics.jsonl");
    std::string line;
    std::getline(file, line);
    std::getline(file, line);
    const auto event = Json::parse(line);
    EXPECT_EQ(event["image"], "kernels");
    EXPECT_EQ(event["file"], "images/kernels-2.png");
    EXPECT_EQ(event["epoch"], 2);
    EXPECT_EQ(event["rows"], 2);
    EXPECT_EQ(event["columns"], 2);
    EXPECT_EQ(event["height"], 2);
    EXPECT_EQ(event["width"], 3);
    EXPECT_THAT(error_of([&] { run.image("../escape", grid); }), HasSubstr("the figure's name"));
}

/// A network that goes on from a checkpoint has later kernels than when the events before were told
/// first.
TEST_F(RunImages, PicturesOfEventsThatAreToldAgainStayAsTheyWere) {
    RunOptions options = {.name = "grids", .out = folder_ / "run", .script = {}};
    const auto tell = [&](int64_t first, int64_t count, bool resume) {
        options.resume = resume;
        hfc::run::Run run(options);
        for (int64_t i = 0; i < count; ++i) {
            run.image("kernels", {.images = at::full({1, 1, 2, 2}, first + i, at::kByte)},
                      {{"epoch", i}}, /*figure=*/false);
        }
    };
    const auto file = [&](int64_t number) {
        return text_of(options.out / "images" / fmt::format("kernels-{}.png", number));
    };
    tell(10, 2, false);
    const auto before = file(1) + file(2);
    tell(50, 3, true);
    EXPECT_EQ(file(1) + file(2), before);
    EXPECT_NE(file(3), file(2));
    EXPECT_FALSE(std::filesystem::exists(options.out / "kernels.png"));
}

}  // namespace
}  // namespace hfc::run
