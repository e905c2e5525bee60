#include "image_file/color_jitter.h"

#include "image_file/support.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <fstream>
#include <map>
#include <sstream>

namespace hfc::image_file {
namespace {

using test::error_of;
using test::read_bytes;
using testing::HasSubstr;

ColorKind kind_of(const std::string& name) {
    static const std::map<std::string, ColorKind> kinds = {{"brightness", ColorKind::brightness},
                                                           {"contrast", ColorKind::contrast},
                                                           {"saturation", ColorKind::saturation},
                                                           {"hue", ColorKind::hue}};
    return kinds.at(name);
}

TEST(ColorJitter, makes_the_bytes_of_torchvision) {
    constexpr int64_t pixels = int64_t{24} * 25;
    const auto all = read_bytes(pictures / "jitter.bin");
    std::ifstream lines(pictures / "jitter.txt");
    size_t at = 3 * pixels;
    int64_t other = 0, values = 0;
    for (std::string line; std::getline(lines, line); at += 3 * pixels) {
        std::vector<uint8_t> planes(all.begin(), all.begin() + 3 * pixels);
        std::istringstream words(line);
        std::string name;
        int steps = 0;
        for (double factor = 0; words >> name >> factor; ++steps) {
            change_colors({kind_of(name), factor}, planes.data(), pixels);
        }
        for (size_t i = 0; i < planes.size(); ++i, ++values) {
            const int wanted = static_cast<unsigned char>(all[at + i]);
            EXPECT_LE(std::abs(wanted - planes[i]), steps == 1 ? 1 : 3) << line << " at " << i;
            other += wanted != planes[i] ? 1 : 0;
        }
    }
    EXPECT_EQ(at, all.size());
    EXPECT_LE(static_cast<double>(other), 0.01 * static_cast<double>(values));
}

TEST(ColorJitter, draws_orders_and_factors_evenly) {
    const JitterOptions options{0.4, 1.5, 0, 0.1};
    std::map<ColorKind, int> first;
    double least = 9, most = 0, hue = 0;
    for (int i = 0; i < 2400; ++i) {
        int draws = 0;
        const auto uniform = [&] {
            return ++draws == 1 ? (i % 24 + 0.5) / 24 : (i * 7919 % 2400) / 2400.;
        };
        const auto changes = random_color_changes(options, uniform);
        EXPECT_EQ(draws, numbers_of_jitter);
        ASSERT_EQ(changes.size(), 3) << "saturation is left out";
        ++first[changes.front().kind];
        for (const auto& [kind, factor] : changes) {
            least = kind == ColorKind::contrast ? std::min(least, factor) : least;
            most = kind == ColorKind::contrast ? std::max(most, factor) : most;
            hue = kind == ColorKind::hue ? std::max(hue, std::abs(factor)) : hue;
        }
    }
    for (const auto& [kind, count] : first) {
        EXPECT_EQ(count, 800);
    }
    EXPECT_GE(least, 0);
    EXPECT_LT(least, 0.01);
    EXPECT_GT(most, 2.49);
    EXPECT_LE(hue, 0.1);
    EXPECT_GT(hue, 0.099);
}

TEST(ColorJitter, names_what_is_out_of_range) {
    EXPECT_THAT(error_of([] { require_valid({.brightness = -1}); }),
                HasSubstr("color_jitter: brightness must be 0 to 10, got -1"));
    EXPECT_THAT(error_of([] { require_valid({.hue = 0.6}); }),
                HasSubstr("color_jitter: hue must be 0 to 0.5, got 0.6"));
    EXPECT_THAT(error_of([] { require_valid({}); }), HasSubstr("must be above 0"));
}

}  // namespace
}  // namespace hfc::image_file
