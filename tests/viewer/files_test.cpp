// What the viewer writes.
#include "scratch_folder.h"

#include "viewer/export.h"

#include <gmock/gmock.h>

#include <cmath>
#include <fstream>

namespace hfc::viewer {
namespace {

using testing::HasSubstr;
using testing::Not;

class ViewerExport : public testing::Test {
  protected:
    std::vector<double> x = {1, 2, 3, 4}, y = {0.5, NAN, 0.25, 1.0 / 3}, low, high;
    ExportPanel panel = {"accuracy & more",
                         "epoch",
                         false,
                         false,
                         {0, 4},
                         {0, 1},
                         {{"natural, \"a\"", &x, &y, &low, &high, 0x0072B2}}};
};

TEST_F(ViewerExport, CsvHasEveryFinitePointWithAllDigits) {
    EXPECT_EQ(
        to_csv(panel),
        "curve,epoch,accuracy & more\n\"natural, \"\"a\"\"\",1,0.5\n\"natural, \"\"a\"\"\",3,0.25\n"
        "\"natural, \"\"a\"\"\",4,0.33333333333333331\n");
    panel.logarithmic = true;
    y = {1, 2, -3, 0};
    EXPECT_THAT(to_csv(panel), HasSubstr(",1,10\n"));
    EXPECT_THAT(to_csv(panel), HasSubstr(",3,0.001\n"));
}

TEST_F(ViewerExport, SvgHasThePointsWhereTheyBelong) {
    const auto svg = to_svg(panel, 254, 182);  // the frame: 64 to 64, too narrow; so wider:
    EXPECT_THAT(svg, HasSubstr("accuracy &amp; more"));
    const auto wide = to_svg(panel, 654, 182);  // 64 to 464 horizontally, 34 to 134 vertically
    EXPECT_THAT(wide, HasSubstr("M164.00 84.00M364.00 109.00L464.00 100.67\""))
        << "a gap where the value is not finite";
    EXPECT_THAT(wide, HasSubstr("stroke=\"#0072b2\""));
    EXPECT_THAT(wide, HasSubstr("natural, \"a\"</text>"));
}

TEST_F(ViewerExport, ABandIsInBoth) {
    low = {0.25, NAN, 0.25, 0.25};
    high = {0.75, NAN, 0.5, 0.5};
    panel.curves[0].dotted = true;
    EXPECT_THAT(to_csv(panel), testing::StartsWith("curve,epoch,accuracy & more,accuracy & more "
                                                   "low,accuracy & more high\n\"natural, "
                                                   "\"\"a\"\"\",1,0.5,0.25,0.75\n"));
    const auto svg = to_svg(panel, 654, 182);
    EXPECT_THAT(svg, HasSubstr("<polygon points=\"164.00,59.00 364.00,84.00 464.00,84.00 "
                               "464.00,109.00 364.00,109.00 164.00,109.00 \""));
    EXPECT_THAT(svg, HasSubstr("stroke-dasharray"));
}

TEST_F(ViewerExport, AMillionPointsMakeASmallPicture) {
    x.resize(1000000);
    y.resize(1000000);
    for (size_t i = 0; i < x.size(); ++i) {
        x[i] = static_cast<double>(i);
        y[i] = std::sin(static_cast<double>(i) / 1000);
    }
    panel.x = {0, 1e6};
    const auto svg = to_svg(panel);
    EXPECT_LT(svg.size(), 200000U);
    EXPECT_GT(svg.size(), 10000U) << "the curve is in it";
}

TEST_F(ViewerExport, NothingIsOverwritten) {
    const test::ScratchFolder folder("viewer export");
    EXPECT_EQ(unused_name(folder.path(), "loss", "csv").filename(), "loss.csv");
    std::ofstream(folder.path() / "loss.csv") << "mine";
    EXPECT_EQ(unused_name(folder.path(), "loss", "csv").filename(), "loss-2.csv");
}

}  // namespace
}  // namespace hfc::viewer
