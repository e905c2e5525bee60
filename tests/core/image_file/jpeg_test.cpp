#include "image_file/jpeg.h"

#include "image_file/image_check.h"
#include "image_file/support.h"

#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <malloc.h>

#include <algorithm>
#include <random>

namespace hfc::image_file {
namespace {

using test::error_of;
using test::read_bytes;
using testing::HasSubstr;

at::Tensor decode(const std::string& bytes, const Box& box) {
    auto rgb = at::empty({box.height, box.width, 3}, at::kByte);
    decode_jpeg(bytes, "picture", box, rgb.data_ptr<uint8_t>(), 3 * box.width);
    return rgb;
}

TEST(Jpeg, a_region_has_the_pixels_of_the_whole_picture) {
    std::mt19937 random(1);
    const auto below = [&](int64_t n) {
        return static_cast<int64_t>(random() % static_cast<uint64_t>(n));
    };
    for (const auto* name :
         {"420.jpg", "422.jpg", "444.jpg", "restarts.jpg", "progressive.jpg", "grey.jpg",
          "cmyk.jpg", "cmyk420.jpg", "tall.jpg", "wide.jpg", "one.jpg", "line.jpg"}) {
        const auto bytes = read_bytes(pictures / name);
        const auto size = check_image(bytes, name).stored;
        const auto whole = decode(bytes, {0, 0, size.height, size.width});
        for (int i = 0; i < 200; ++i) {
            Box box{below(size.height), below(size.width), 0, 0};
            box.height = 1 + below(size.height - box.top);
            box.width = 1 + below(size.width - box.left);
            const auto expected = whole.slice(0, box.top, box.top + box.height)
                                      .slice(1, box.left, box.left + box.width);
            ASSERT_TRUE(at::equal(decode(bytes, box), expected))
                << name << ": " << box.height << " x " << box.width << " at " << box.top << ", "
                << box.left;
        }
    }
}

TEST(Jpeg, leaves_the_bytes_between_rows_alone) {
    const auto bytes = read_bytes(pictures / "420.jpg");
    auto rgb = at::full({10, 50}, 7, at::kByte);
    decode_jpeg(bytes, "picture", {5, 6, 10, 11}, rgb.data_ptr<uint8_t>(), 50);
    EXPECT_TRUE(at::equal(rgb.slice(1, 33), at::full({10, 17}, 7, at::kByte)));
    EXPECT_TRUE(at::equal(rgb.slice(1, 0, 33), decode(bytes, {5, 6, 10, 11}).reshape({10, 33})));
}

TEST(Jpeg, names_a_box_outside) {
    const auto bytes = read_bytes(pictures / "420.jpg");
    EXPECT_THAT(
        error_of([&] {
            decode(bytes, {0, 0, 98, 10});
        }),
        HasSubstr(
            "'picture' has 97 x 131 pixels, but a region of 98 x 10 at (0, 0) was requested"));
}

/// The bytes of the last scan and what stands before it.
std::pair<std::string, std::string> last_scan(const std::string& bytes) {
    const auto begin = bytes.rfind("\xff\xda");
    return {bytes.substr(0, begin), bytes.substr(begin, bytes.size() - 2 - begin)};
}

TEST(Jpeg, names_data_that_end_before_the_end_marker) {
    for (const auto* name : {"420.jpg", "444.jpg", "grey.jpg", "cmyk.jpg", "progressive.jpg"}) {
        const auto [head, scan] = last_scan(read_bytes(pictures / name));
        const auto bytes = head + scan.substr(0, scan.size() / 2) + "\xff\xd9";
        const auto size = check_image(bytes, name).stored;
        EXPECT_THAT(error_of([&, &size = size] {
                        decode(bytes, {0, 0, size.height, size.width});
                    }),
                    HasSubstr("the image 'picture' is"))
            << name;
    }
}

TEST(Jpeg, refuses_endless_scans) {
    const auto whole = read_bytes(pictures / "progressive.jpg");
    const auto begin = whole.find("\xff\xda");
    const auto end = std::min(whole.find("\xff\xda", begin + 2), whole.find("\xff\xc4", begin + 2));
    const auto with_scans = [&](int count) {
        auto bytes = whole.substr(0, begin);
        for (int i = 0; i < count; ++i) {
            bytes += whole.substr(begin, end - begin);
        }
        return bytes + "\xff\xd9";
    };
    decode(with_scans(400), {0, 0, 1, 1});
    EXPECT_THAT(error_of([&] {
                    decode(with_scans(600), {0, 0, 1, 1});
                }),
                HasSubstr("too many scans, expected at most 500"));
}

TEST(Jpeg, passes_on_what_libjpeg_says) {
    auto bytes = read_bytes(pictures / "420.jpg");
    bytes[bytes.find("\xff\xc0") + 4] = 12;  // bits a sample
    EXPECT_THAT(error_of([&] {
                    decode(bytes, {0, 0, 1, 1});
                }),
                HasSubstr("the image 'picture' cannot be decoded; libjpeg reports: Unsupported"));
}

/// Bytes that malloc() has handed out.
size_t bytes_in_use() {
    const auto info = ::mallinfo2();
    return info.uordblks + info.hblkhd;
}

TEST(Jpeg, gives_back_the_memory_of_a_picture_that_fails) {
    auto bytes = read_bytes(pictures / "420.jpg");
    bytes[bytes.find("\xff\xc0") + 4] = 12;  // the header is refused
    const auto [head, scan] = last_scan(read_bytes(pictures / "420.jpg"));
    const auto cut = head + scan.substr(0, 40) + "\xff\xd9";
    const auto fail_often = [&] {
        for (int i = 0; i < 100; ++i) {
            error_of([&] { decode(bytes, {0, 0, 97, 131}); });
            error_of([&] { decode(cut, {0, 0, 97, 131}); });
        }
    };
    fail_often();
    const auto before = bytes_in_use();
    fail_often();
    EXPECT_LE(bytes_in_use(), before + 100000);  // libjpeg takes 18 kB a picture
}

}  // namespace
}  // namespace hfc::image_file
