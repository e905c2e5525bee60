// The pixels beside those of Pillow and torchvision's rules (tests/fixtures/make_pictures.py).
#include "image_file/list_folder.h"
#include "image_file/support.h"

#include <ATen/ATen.h>
#include <gmock/gmock.h>

#include <fstream>
#include <sstream>

namespace hfc::image_file {
namespace {

using test::error_of;
using test::read_bytes;
using testing::HasSubstr;

struct Case {
    std::string line;
    std::filesystem::path path;
    PictureOptions options;
    ChooseGeometry choose;
    int64_t n = 0;
};

Case parse_case(const std::string& line) {
    std::istringstream words(line);
    std::string name;
    std::string kind;
    std::string interpolation;
    words >> name >> kind >> interpolation;
    Case parsed{line, pictures / name, {}, {}, 0};
    parsed.options.interpolation = parse_interpolation(interpolation);
    int64_t shorter = 0;
    Box box;
    int flip = 0;
    if (kind == "eval") {
        words >> shorter >> parsed.n >> flip;
    } else {
        words >> box.top >> box.left >> box.height >> box.width >> parsed.n >> flip;
    }
    parsed.choose = [=, n = parsed.n](const Size& picture) {
        auto geometry = shorter > 0 ? center_crop(resize(picture, shorter), n)
                                    : Geometry{box, {n, n}, {0, 0, n, n}, false};
        geometry.flip = flip == 1;
        return geometry;
    };
    return parsed;
}

TEST(Pixels, are_those_of_pillow) {
    std::ifstream lines(pictures / "cases.txt");
    auto expected = read_bytes(pictures / "expected.bin");
    int64_t at = 0;
    int64_t cases = 0;
    double all = 0;
    for (std::string line; std::getline(lines, line); ++cases) {
        const auto one = parse_case(line);
        const auto pillow =
            at::from_blob(expected.data() + at, {3, one.n, one.n}, at::kByte).to(at::kLong);
        at += pillow.numel();
        const auto difference =
            (read(one.path, one.n, one.choose, one.options) - pillow).abs().to(at::kDouble);
        EXPECT_LE(difference.max().item<double>(), 2) << line;
        // LibTorch rounds its weights to 15 bits, which shows where results lie between two bytes:
        // often at ratios such as 25 to 20.
        EXPECT_LE(difference.mean().item<double>(), .07) << line;
        all += difference.mean().item<double>();
    }
    EXPECT_EQ(at, static_cast<int64_t>(expected.size()));
    EXPECT_EQ(cases, 104);
    EXPECT_LE(all / static_cast<double>(cases), .01);
}

TEST(Pixels, follow_exif_or_not) {
    const auto upright = read(pictures / "turned1.jpg", 24);
    for (const auto* name : {"turned3.jpg", "turned6.jpg", "turned8.jpg"}) {
        EXPECT_TRUE(at::equal(
            read(pictures / name, 24, evaluation(24, 24), {.orientation = Orientation::ignore}),
            upright))
            << name;
    }
    EXPECT_EQ(parse_orientation("exif"), Orientation::exif);
    EXPECT_THAT(error_of([] { parse_orientation("turn"); }), HasSubstr("\"exif\" or \"ignore\""));
}

/// What is kept of a resized picture does not depend on how much of it is computed.
TEST(Pixels, of_a_window_are_those_of_the_whole) {
    const auto whole_picture_of = [](const std::filesystem::path& path, int64_t shorter,
                                     Interpolation interpolation, Size& size) {
        at::Tensor planes;
        PictureReader reader({interpolation, Orientation::exif});
        const auto measured = [&](const Size& picture) {
            size = resize(picture, shorter).resized;
            return whole_picture(picture);
        };
        error_of([&] { reader.read(path, measured, {0, 0}, nullptr); });
        planes = at::empty({3, size.height, size.width}, at::kByte);
        reader.read(
            path, [&](const Size& picture) { return resize(picture, shorter); }, size,
            planes.data_ptr<uint8_t>());
        return planes.to(at::kLong);
    };
    for (const auto interpolation : {Interpolation::bilinear, Interpolation::bicubic}) {
        for (const auto* name : {"420.jpg", "tall.jpg", "wide.jpg", "line.jpg", "picture.bmp"}) {
            for (const int64_t shorter : {5, 16, 20, 33, 64, 150}) {
                Size size;
                const auto whole = whole_picture_of(pictures / name, shorter, interpolation, size);
                for (const int64_t n : {int64_t{1}, shorter / 2, shorter}) {
                    const auto geometry = center_crop(image_file::whole_picture(size), n).window;
                    const auto expected = whole.slice(1, geometry.top, geometry.top + n)
                                              .slice(2, geometry.left, geometry.left + n);
                    const auto part = read(pictures / name, n, evaluation(shorter, n),
                                           {interpolation, Orientation::exif});
                    EXPECT_LE((part - expected).abs().max().item<int64_t>(), 1)
                        << name << " " << shorter << " " << n;
                }
            }
        }
    }
}

TEST(Pixels, must_have_the_size_of_the_result) {
    EXPECT_THAT(error_of([] { read(pictures / "420.jpg", 5, evaluation(8, 6)); }),
                HasSubstr("has 6 x 6 pixels after resizing and cropping, expected 5 x 5"));
    const auto outside = [](const Size& picture) {
        return Geometry{{0, 0, picture.height + 1, 1}, {5, 5}, {0, 0, 5, 5}, false};
    };
    EXPECT_THAT(error_of([&] { read(pictures / "420.jpg", 5, outside); }),
                HasSubstr("has 97 x 131 pixels, so a box of 98 x 1 at (0, 0)"));
}

}  // namespace
}  // namespace hfc::image_file
