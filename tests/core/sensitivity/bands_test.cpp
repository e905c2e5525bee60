#include "sensitivity/bands.h"

#include "mask/networks.h"
#include "mask/reference.h"

#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace hfc::sensitivity {
namespace {

using test::distance;
using test::error_of;
using test::mask_reference;
using testing::HasSubstr;

TEST(Bands, equal_numpy) {
    for (int i = 0; i < 3; ++i) {
        const auto name = "bands " + std::to_string(i);
        const auto map = mask_reference(name + " map");
        for (const auto* measure : {"norm", "rms", "mean", "sum"}) {
            EXPECT_LT(distance(radial(map, 6, parse_measure(measure)).values,
                               mask_reference(name + " radial " + measure)),
                      1e-12)
                << measure;
            EXPECT_LT(distance(angular(map, 8, parse_measure(measure)).values,
                               mask_reference(name + " angular " + measure)),
                      1e-12)
                << measure;
        }
    }
}

TEST(Bands, say_where_they_are) {
    const auto rings = radial(at::ones({8, 8}), 4, Measure::sum, 4);
    EXPECT_LT(distance(rings.centres, at::tensor({0.5, 1.5, 2.5, 3.5}, at::kDouble)), 1e-12);
    EXPECT_LT(distance(rings.values, at::tensor({1., 8., 16., 22.}, at::kDouble)), 1e-12)
        << "the outermost edge belongs to the last ring";
    EXPECT_LT(distance(rings.counts, rings.values), 1e-12);
    const auto upright = at::zeros({8, 8});
    upright[0][2] = 1;  // varies from column to column
    upright[0][6] = 1;
    EXPECT_EQ(angular(upright, 8, Measure::sum).values[0].item<double>(), 2);
    EXPECT_EQ(angular(upright.t(), 8, Measure::sum).values[4].item<double>(), 2);
    EXPECT_EQ(angular(upright, 8, Measure::sum, 1.5).values.sum().item<double>(), 0);
    EXPECT_EQ(angular(at::ones({8, 8}), 7, Measure::sum).counts.sum().item<int64_t>(), 63);
    EXPECT_NEAR(radial(at::ones({32, 32})).centres[63].item<double>(),
                63.5 / 64 * std::sqrt(2) * 16, 1e-9);
    EXPECT_EQ(radial(at::ones({2, 3, 8, 8}), 5).values.sizes(), at::IntArrayRef({2, 3, 5}));
}

TEST(SensitivityErrors, of_bands_name_what_is_wrong) {
    EXPECT_THAT(error_of([] {
                    radial(at::ones({4, 4}), 0);
                }),
                HasSubstr("bands must be between 1 and 1000000, got 0"));
    EXPECT_THAT(error_of([] { angular(at::ones({4}), 4); }),
                HasSubstr("'map' must be a real tensor [..., H, W], got [4]"));
    EXPECT_THAT(error_of([] {
                    radial(at::ones({4, 4}), 4, Measure::sum, -1);
                }),
                HasSubstr("radius must be a finite number >= 0"));
    EXPECT_THAT(error_of([] { parse_measure("energy"); }),
                HasSubstr("'measure' must be one of norm, rms, mean, sum; got 'energy'"));
}

}  // namespace
}  // namespace hfc::sensitivity
