#include "image_file/image_file.h"

#include "files.h"

#include <ATen/ATen.h>
#include <gmock/gmock.h>

namespace hfc::image_file {
namespace {

using test::error_of;
using test::read_bytes;
using test::ScratchTest;
using test::write_bytes;
using testing::AllOf;
using testing::HasSubstr;

const std::filesystem::path fixtures = HFC_FIXTURES "/images";

at::Tensor read(const std::filesystem::path& path, int64_t size) {
    auto planes = at::empty({3, size, size}, at::kByte);
    read_image(path, size, planes.data_ptr<uint8_t>());
    return planes.to(at::kLong);
}

std::string encode(const at::Tensor& planes) {
    const auto bytes = planes.to(at::kByte).contiguous();
    return encode_png(bytes.data_ptr<uint8_t>(), bytes.size(0), bytes.size(1), bytes.size(2));
}

void expect_colour(const at::Tensor& planes, int64_t red, int64_t green, int64_t blue,
                   int64_t tolerance) {
    const auto expected = at::tensor({red, green, blue}, at::kLong).reshape({3, 1, 1});
    EXPECT_LE((planes - expected).abs().max().item<int64_t>(), tolerance)
        << planes.select(2, 0).select(1, 0);
}

class ImageFile : public ScratchTest {
  protected:
    std::string error_for(const std::string& bytes) {
        write_bytes(path_, bytes);
        return error_of([&] { read(path_, 8); });
    }

    const std::filesystem::path path_ = scratch_ / "picture.jpg";
};

TEST(Decoding, keeps_the_central_square_of_pictures_of_all_kinds) {
    for (const auto* name :
         {"colour.jpg", "progressive.jpg", "turned.jpg", "alpha.png", "palette.png"}) {
        SCOPED_TRACE(name);
        const auto picture = read(fixtures / name, 20);
        expect_colour(picture.slice(2, 1, 19), 0, 255, 0, 6);
    }
    expect_colour(read(fixtures / "cmyk.jpg", 20).slice(2, 1, 19), 0, 255, 0, 12);
}

TEST(Decoding, makes_grey_rgb) {
    expect_colour(read(fixtures / "grey.jpg", 20).slice(2, 1, 19), 150, 150, 150, 3);
    expect_colour(read(fixtures / "grey16.png", 20), 150, 150, 150, 0);
}

TEST_F(ImageFile, keeps_pixels_where_the_size_fits) {
    const auto pixels = at::randint(0, 256, {3, 8, 8}, at::kLong);
    write_bytes(path_, encode(pixels));
    EXPECT_TRUE(at::equal(read(path_, 8), pixels)) << "red, green and blue in their places";
    const auto grey = at::randint(0, 256, {1, 8, 8}, at::kLong);
    write_bytes(path_, encode(grey));
    EXPECT_TRUE(at::equal(read(path_, 8), grey.expand({3, 8, 8})));
}

TEST_F(ImageFile, crops_the_longer_side) {
    const auto pixels = at::randint(0, 256, {3, 8, 14}, at::kLong);
    write_bytes(path_, encode(pixels));
    EXPECT_TRUE(at::equal(read(path_, 8), pixels.slice(2, 3, 11)));
    write_bytes(path_, encode(pixels.transpose(1, 2)));
    EXPECT_TRUE(at::equal(read(path_, 8), pixels.transpose(1, 2).slice(1, 3, 11)));
}

TEST_F(ImageFile, shrinks_by_the_mean) {
    const auto pixels = at::randint(0, 256, {3, 16, 16}, at::kLong);
    write_bytes(path_, encode(pixels));
    const auto mean = pixels.reshape({3, 8, 2, 8, 2}).to(at::kDouble).mean({2, 4});
    EXPECT_LE((read(path_, 8) - mean).abs().max().item<double>(), 0.51);
}

TEST_F(ImageFile, makes_small_and_thin_pictures_large) {
    write_bytes(path_, encode(at::full({3, 1, 3000}, 77)));
    EXPECT_TRUE(at::equal(read(path_, 32), at::full({3, 32, 32}, 77, at::kLong)));
}

TEST_F(ImageFile, names_a_file_that_is_no_picture) {
    EXPECT_THAT(error_for("GIF89a..."),
                AllOf(HasSubstr(path_.string()), HasSubstr("is neither a JPEG nor a PNG")));
    EXPECT_THAT(error_for(""), HasSubstr("(0 bytes in all)"));
    std::filesystem::remove(path_);
    EXPECT_THAT(error_of([&] { read(path_, 8); }),
                AllOf(HasSubstr(path_.string()), HasSubstr("No such file")));
}

TEST_F(ImageFile, names_a_file_cut_short_anywhere) {
    for (const auto* name : {"colour.jpg", "progressive.jpg", "alpha.png"}) {
        const auto whole = read_bytes(fixtures / name);
        for (size_t length = 10; length < whole.size(); ++length) {
            ASSERT_THAT(error_for(whole.substr(0, length)),
                        AllOf(HasSubstr(path_.string()), HasSubstr("is cut short")))
                << name << length;
        }
    }
}

TEST_F(ImageFile, does_not_crash_on_damage) {
    testing::internal::CaptureStderr();  // libjpeg's warnings
    for (const auto* name : {"colour.jpg", "progressive.jpg", "cmyk.jpg", "turned.jpg", "alpha.png",
                             "palette.png", "grey16.png"}) {
        const auto whole = read_bytes(fixtures / name);
        for (size_t at = 3; at < whole.size(); at += 3) {
            auto bytes = whole;
            bytes[at] = static_cast<char>(~bytes[at]);
            write_bytes(path_, bytes);
            try {
                read(path_, 8);  // a pixel more or less may be wrong without a trace
            } catch (const Error& error) {
                EXPECT_THAT(error.what(), HasSubstr(path_.string()));
            }
        }
    }
    testing::internal::GetCapturedStderr();
}

TEST_F(ImageFile, names_a_damaged_png) {
    auto bytes = read_bytes(fixtures / "alpha.png");
    bytes[60] ^= 1;
    EXPECT_THAT(error_for(bytes),
                HasSubstr("is damaged: a chunk's checksum does not fit its data"));
}

TEST_F(ImageFile, refuses_more_pixels_than_memory_should_hold) {
    auto bytes = read_bytes(fixtures / "colour.jpg");
    const auto frame = bytes.find("\xff\xc0");
    ASSERT_NE(frame, std::string::npos);
    bytes.replace(frame + 5, 4, "\xff\xff\xff\xff");
    EXPECT_THAT(error_for(bytes), HasSubstr("says that it has 65535 x 65535 pixels"));
    bytes.replace(frame + 5, 4, std::string(4, 0));
    EXPECT_THAT(error_for(bytes), HasSubstr("says that it has 0 x 0 pixels"));
}

TEST_F(ImageFile, refuses_impossible_sizes) {
    EXPECT_THAT(error_of([&] { read_image(fixtures / "colour.jpg", 0, nullptr); }),
                HasSubstr("size must be 1 to 16384 pixels, got 0"));
    EXPECT_THAT(error_of([] {
                    encode(at::zeros({2, 4, 4}));
                }),
                HasSubstr("channels must be 1 (grey) or 3 (RGB), got 2"));
    EXPECT_THAT(error_of([] { encode(at::zeros({1, 0, 4})); }), HasSubstr("got 0 x 4"));
}

TEST(Opencv, tells_its_version) {
    EXPECT_THAT(opencv_version(), testing::StartsWith("4."));
}

}  // namespace
}  // namespace hfc::image_file
