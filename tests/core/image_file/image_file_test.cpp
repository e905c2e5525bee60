#include "image_file/image_file.h"

#include "image_file/support.h"

#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <zlib.h>

#include <algorithm>
#include <iostream>

namespace hfc::image_file {
namespace {

using test::error_of;
using test::read_bytes;
using test::ScratchTest;
using test::write_bytes;
using testing::AllOf;
using testing::HasSubstr;

const std::filesystem::path fixtures = HFC_FIXTURES "/images";

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

/// Without the border, into which the filter mixes what was cut off.
at::Tensor centre(const at::Tensor& planes) {
    return planes.slice(1, 1, 19).slice(2, 1, 19);
}

class ImageFile : public ScratchTest {
  protected:
    std::string error_for(const std::string& bytes) {
        return error_of([&] { decode(bytes); });
    }

    void decode(const std::string& bytes) {
        reader_.decode(bytes, path_, evaluation(8, 8), {8, 8}, planes_.data());
    }

    PictureReader reader_;
    std::vector<uint8_t> planes_ = std::vector<uint8_t>(3 * 8 * 8);
    const std::filesystem::path path_ = scratch_ / "picture.jpg";
};

TEST(Decoding, keeps_the_central_square_of_pictures_of_all_kinds) {
    for (const auto* name :
         {"colour.jpg", "progressive.jpg", "turned.jpg", "alpha.png", "palette.png"}) {
        SCOPED_TRACE(name);
        expect_colour(centre(read(fixtures / name, 20)), 0, 255, 0, 6);
    }
    expect_colour(centre(read(fixtures / "cmyk.jpg", 20)), 0, 255, 0, 12);
}

TEST(Decoding, makes_grey_rgb) {
    expect_colour(centre(read(fixtures / "grey.jpg", 20)), 150, 150, 150, 3);
    expect_colour(centre(read(fixtures / "grey16.png", 20)), 150, 150, 150, 0);
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

TEST_F(ImageFile, shrinks_without_folding_high_frequencies_into_low_ones) {
    const auto stripes = at::arange(64).remainder(2).mul(255).expand({3, 64, 64});
    write_bytes(path_, encode(stripes));
    const auto small = read(path_, 24);
    EXPECT_LE((small.slice(2, 2, 22) - 127.5).abs().max().item<double>(), 12);
}

TEST_F(ImageFile, makes_small_and_thin_pictures_large) {
    write_bytes(path_, encode(at::full({3, 1, 3000}, 77)));
    EXPECT_TRUE(at::equal(read(path_, 32), at::full({3, 32, 32}, 77, at::kLong)));
}

TEST_F(ImageFile, names_a_file_that_is_no_picture) {
    EXPECT_THAT(error_for("GIF89a..."), AllOf(HasSubstr(path_.string()), HasSubstr("is a GIF")));
    EXPECT_THAT(error_for("<html>"),
                AllOf(HasSubstr(path_.string()), HasSubstr("is not a JPEG, PNG, BMP")));
    EXPECT_THAT(error_for(""), HasSubstr("(the file has 0 bytes)"));
    EXPECT_THAT(error_of([&] { read(path_, 8); }),
                AllOf(HasSubstr(path_.string()), HasSubstr("No such file")));
    EXPECT_THAT(error_of([&] { read(scratch_, 8); }),
                AllOf(HasSubstr(scratch_.string()), HasSubstr("not a regular file")));
}

TEST_F(ImageFile, names_a_file_cut_short_anywhere) {
    for (const auto* name : {"colour.jpg", "progressive.jpg", "alpha.png"}) {
        const auto whole = read_bytes(fixtures / name);
        for (size_t length = 10; length < whole.size(); ++length) {
            ASSERT_THAT(error_for(whole.substr(0, length)),
                        AllOf(HasSubstr(path_.string()), HasSubstr("is truncated")))
                << name << length;
        }
    }
}

TEST_F(ImageFile, says_what_is_wrong_by_errors_only) {
    testing::internal::CaptureStderr();
    for (const auto& file :
         {fixtures / "colour.jpg", fixtures / "progressive.jpg", fixtures / "cmyk.jpg",
          fixtures / "turned.jpg", fixtures / "alpha.png", fixtures / "palette.png",
          fixtures / "grey16.png", pictures / "restarts.jpg", pictures / "picture.bmp",
          pictures / "picture.ppm", pictures / "picture.tif", pictures / "lossless.webp"}) {
        const auto whole = read_bytes(file);
        const auto step = std::max<size_t>(3, whole.size() / 400);
        for (size_t at = 3; at < whole.size(); at += step) {
            auto bytes = whole;
            bytes[at] = static_cast<char>(~bytes[at]);
            for (const auto& damaged : {bytes, whole.substr(0, at)}) {
                try {
                    decode(damaged);  // a pixel more or less may be wrong without a trace
                } catch (const Error& error) {
                    EXPECT_THAT(error.what(), HasSubstr(path_.string()));
                }
            }
        }
    }
    EXPECT_EQ(testing::internal::GetCapturedStderr(), "");
}

/// A chunk of a PNG.
std::string chunk(const std::string& type_and_data) {
    const auto big = [](uint32_t value) {
        return std::string{static_cast<char>(value >> 24), static_cast<char>(value >> 16),
                           static_cast<char>(value >> 8), static_cast<char>(value)};
    };
    const auto sum = ::crc32(0, reinterpret_cast<const Bytef*>(type_and_data.data()),
                             static_cast<uInt>(type_and_data.size()));
    return big(static_cast<uint32_t>(type_and_data.size() - 4)) + type_and_data +
           big(static_cast<uint32_t>(sum));
}

TEST_F(ImageFile, is_silent_where_libpng_warns) {
    auto bytes = read_bytes(fixtures / "alpha.png");
    const auto data = bytes.find("IDAT") - 4;
    testing::internal::CaptureStderr();
    decode(std::string(bytes).insert(data, chunk("iCCPname")));  // no profile in it
    const auto broken = bytes.substr(0, data) + chunk("IDATno zlib stream") + chunk("IEND");
    EXPECT_THAT(error_for(broken), HasSubstr("cannot be decoded"));
    EXPECT_EQ(testing::internal::GetCapturedStderr(), "");
}

TEST_F(ImageFile, leaves_the_errors_of_others_alone) {
    testing::internal::CaptureStderr();
    opencv_version();
    std::cerr << "mine" << std::endl;
    EXPECT_EQ(testing::internal::GetCapturedStderr(), "mine\n");
}

TEST_F(ImageFile, names_a_damaged_png) {
    auto bytes = read_bytes(fixtures / "alpha.png");
    bytes[60] ^= 1;
    EXPECT_THAT(error_for(bytes),
                HasSubstr("is damaged: a chunk's checksum does not match its data"));
}

TEST_F(ImageFile, refuses_more_pixels_than_memory_should_hold) {
    auto bytes = read_bytes(fixtures / "colour.jpg");
    const auto frame = bytes.find("\xff\xc0");
    ASSERT_NE(frame, std::string::npos);
    bytes.replace(frame + 5, 4, "\xff\xff\xff\xff");
    EXPECT_THAT(error_for(bytes), HasSubstr("claims to have 65535 x 65535 pixels"));
    bytes.replace(frame + 5, 4, std::string(4, 0));
    EXPECT_THAT(error_for(bytes), HasSubstr("claims to have 0 x 0 pixels"));
}

TEST_F(ImageFile, refuses_more_pixels_in_other_formats) {
    auto bytes = read_bytes(pictures / "picture.bmp");
    bytes.replace(18, 8, std::string("\0\0\xff\0\0\0\xff\0", 8));
    EXPECT_THAT(error_for(bytes), HasSubstr("too many pixels"));
}

TEST(Encoding, refuses_impossible_sizes) {
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
