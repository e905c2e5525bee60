#include "data/source/idx.h"

#include "data/source/gzip.h"
#include "data/support.h"

#include <ATen/ATen.h>
#include <zlib.h>

namespace hfc::data {
namespace {

using testing::AllOf;
using testing::HasSubstr;

std::string big_endian(uint32_t value) {
    return {static_cast<char>(value >> 24), static_cast<char>(value >> 16),
            static_cast<char>(value >> 8), static_cast<char>(value)};
}

std::string images_file(uint32_t count, const std::string& pixels, uint32_t magic = 0x803,
                        uint32_t height = 28, uint32_t width = 28) {
    return big_endian(magic) + big_endian(count) + big_endian(height) + big_endian(width) + pixels;
}

std::string labels_file(uint32_t count, const std::string& labels, uint32_t magic = 0x801) {
    return big_endian(magic) + big_endian(count) + labels;
}

void write_gzip(const std::filesystem::path& path, const std::string& bytes) {
    auto* file = ::gzopen(path.c_str(), "wb");
    EXPECT_EQ(::gzwrite(file, bytes.data(), static_cast<unsigned>(bytes.size())),
              static_cast<int>(bytes.size()));
    ::gzclose(file);
}

/// A set of three training images (bytes 1, 2, 3) and two test images, all files plain.
class IdxTest : public ScratchTest {
  protected:
    IdxTest() {
        write_bytes(train_images, images_file(3, std::string(784, 1) + std::string(784, 2) +
                                                     std::string(784, 3)));
        write_bytes(train_labels, labels_file(3, {2, 0, 1}));
        write_bytes(scratch_ / "t10k-images-idx3-ubyte", images_file(2, std::string(2 * 784, 7)));
        write_bytes(scratch_ / "t10k-labels-idx1-ubyte", labels_file(2, {1, 1}));
    }

    Pair load() { return load_idx("letters", scratch_, {"a", "b", "c"}); }
    std::string error() {
        return error_of([&] { load(); });
    }

    const std::filesystem::path train_images = scratch_ / "train-images-idx3-ubyte";
    const std::filesystem::path train_labels = scratch_ / "train-labels-idx1-ubyte";
};

TEST_F(IdxTest, reads_plain_and_gzipped_files) {
    const auto plain = load();
    for (const auto& name : idx_files()) {
        write_gzip(scratch_ / (name + ".gz"), read_bytes(scratch_ / name));
        std::filesystem::remove(scratch_ / name);
    }
    for (const auto& [train, test] : {plain, load()}) {
        EXPECT_EQ(train.name(), "letters train");
        EXPECT_THAT(labels_of(train), testing::ElementsAre(2, 0, 1));
        const auto images = train.batch(0, 3).images;
        EXPECT_EQ(images.sizes(), at::IntArrayRef({3, 1, 28, 28}));
        for (int64_t i = 0; i < 3; ++i) {
            EXPECT_TRUE(
                at::equal(images[i], at::full({1, 28, 28}, static_cast<float>(i + 1) / 255)));
        }
        EXPECT_EQ(test.size(), 2);
    }
}

TEST_F(IdxTest, takes_a_gz_file_that_was_unpacked_on_its_way) {
    std::filesystem::rename(train_images, train_images.string() + ".gz");
    EXPECT_EQ(load().train.size(), 3);
}

TEST_F(IdxTest, names_a_wrong_magic) {
    write_bytes(train_images, images_file(3, std::string(3 * 784, 1), 0x0801));
    EXPECT_THAT(error(), AllOf(HasSubstr(train_images.string()),
                               HasSubstr("starts with 0x00000801, expected 0x00000803")));
    write_bytes(train_images, "<html>not found</html>");
    EXPECT_THAT(error(), HasSubstr("starts with 0x3c68746d"));
}

TEST_F(IdxTest, names_a_short_header) {
    write_bytes(train_images, "");
    EXPECT_THAT(error(), HasSubstr("has 0 bytes, expected an IDX header of 16 bytes"));
    write_bytes(train_images, images_file(3, "").substr(0, 15));
    EXPECT_THAT(error(), HasSubstr("has 15 bytes, expected an IDX header of 16 bytes"));
}

TEST_F(IdxTest, names_other_dimensions) {
    write_bytes(train_images, images_file(3, std::string(3 * 784, 1), 0x803, 14, 56));
    EXPECT_THAT(error(), HasSubstr("images of 14 x 56 pixels, expected 28 x 28"));
    write_bytes(train_images, images_file(0, ""));
    EXPECT_THAT(error(), HasSubstr("contains 0 images"));
}

TEST_F(IdxTest, names_bytes_missing_or_too_many) {
    write_bytes(train_images, images_file(3, std::string(3 * 784 - 1, 1)));
    EXPECT_THAT(error(),
                AllOf(HasSubstr("has 2351 bytes after its header, expected 2352 (3 x 28 x 28)"),
                      HasSubstr("truncated")));
    write_bytes(train_images, images_file(3, std::string(3 * 784 + 1, 1)));
    EXPECT_THAT(error(), AllOf(HasSubstr("has 2353 bytes"), HasSubstr("too long")));
    write_bytes(train_images, images_file(3, std::string(3 * 784, 1)));
    write_bytes(train_labels, labels_file(3, {0, 1}));
    EXPECT_THAT(error(), HasSubstr("has 2 bytes after its header, expected 3"));
}

TEST_F(IdxTest, does_not_allocate_what_a_header_claims) {
    write_bytes(train_images, images_file(0xffffffff, std::string(784, 1)));
    EXPECT_THAT(error(), HasSubstr("expected 3367254359280 (4294967295 x 28 x 28)"));
}

TEST_F(IdxTest, names_counts_that_differ) {
    write_bytes(train_labels, labels_file(4, {0, 1, 2, 0}));
    EXPECT_THAT(
        error(),
        AllOf(HasSubstr(train_labels.string()),
              HasSubstr(
                  "has 4 labels, expected 3 (the number of images in 'train-images-idx3-ubyte')")));
}

TEST_F(IdxTest, names_a_label_out_of_range) {
    write_bytes(train_labels, labels_file(3, {0, 3, 1}));
    EXPECT_THAT(error(), HasSubstr("label 1 is 3, expected 0 to 2"));
}

class GzipTest : public IdxTest {
  protected:
    GzipTest() {
        std::string pixels;
        for (uint32_t i = 0; i < 3 * 784; ++i) {
            pixels += static_cast<char>(i * i * 2654435761U >> 24);
        }
        write_gzip(gzipped, images_file(3, pixels));
        std::filesystem::remove(train_images);  // which would be read if the packed one is damaged
    }

    const std::filesystem::path gzipped = train_images.string() + ".gz";
};

TEST_F(GzipTest, names_a_file_cut_short_anywhere) {
    const auto whole = read_bytes(gzipped);
    for (size_t length = 2; length < whole.size();
         length += length < 30 || length + 30 > whole.size() ? 1 : 97) {
        write_bytes(gzipped, whole.substr(0, length));
        EXPECT_THAT(error(),
                    AllOf(HasSubstr(gzipped.string()),
                          HasSubstr(fmt::format("is truncated: it ends after {} bytes", length))));
    }
    write_bytes(gzipped, whole);
    EXPECT_EQ(load().train.size(), 3);
}

TEST_F(GzipTest, names_a_damaged_file) {
    auto bytes = read_bytes(gzipped);
    bytes[bytes.size() / 2] ^= 1;
    write_bytes(gzipped, bytes);
    EXPECT_THAT(error(), AllOf(HasSubstr(gzipped.string()), HasSubstr("is damaged")));
}

TEST_F(GzipTest, names_bytes_behind_the_end) {
    write_bytes(gzipped, read_bytes(gzipped) + "more");
    EXPECT_THAT(error(), HasSubstr("has 4 bytes after the end of its gzip stream"));
}

TEST_F(GzipTest, stops_at_the_limit) {
    write_gzip(scratch_ / "bomb.gz", std::string(50'000'000, 0));
    EXPECT_THAT(error_of([&] { read_gzip_or_plain(scratch_ / "bomb.gz", 1'000'000); }),
                HasSubstr("unpacks to more than the expected maximum of 1000000 bytes"));
    EXPECT_EQ(read_gzip_or_plain(scratch_ / "bomb.gz", 50'000'000).size(), 50'000'000U);
}

TEST_F(IdxTest, other_common_names_are_found) {
    const std::vector<std::string> names = {"train-images.idx3-ubyte", "train-labels.idx1-ubyte",
                                            "test-images.idx3-ubyte", "test-labels.idx1-ubyte"};
    for (size_t i = 0; i < names.size(); ++i) {
        std::filesystem::rename(scratch_ / idx_files()[i], scratch_ / names[i]);
    }
    EXPECT_EQ(load().train.size(), 3);
    write_gzip(scratch_ / (names[3] + ".gz"), read_bytes(scratch_ / names[3]));
    std::filesystem::remove(scratch_ / names[3]);
    EXPECT_EQ(load().test.size(), 2);
}

TEST_F(IdxTest, a_whole_file_beside_a_damaged_one_is_read_and_said) {
    write_gzip(scratch_ / "train-images-idx3-ubyte.gz", read_bytes(train_images));
    const auto packed = scratch_ / "train-images-idx3-ubyte.gz";
    std::vector<std::string> notes;
    load_idx("letters", scratch_, {"a", "b", "c"}, "", &notes);
    EXPECT_TRUE(notes.empty());
    std::filesystem::resize_file(packed, 20);
    const auto pair = load_idx("letters", scratch_, {"a", "b", "c"}, "", &notes);
    EXPECT_EQ(pair.train.size(), 3);
    ASSERT_EQ(notes.size(), 1U);
    EXPECT_THAT(notes[0], AllOf(HasSubstr(packed.string() + "' is truncated"),
                                HasSubstr("'" + train_images.string() + "' is used instead")));
    write_bytes(train_images, "");
    EXPECT_THAT(error(), HasSubstr(train_images.string())) << "both are damaged";
}

}  // namespace
}  // namespace hfc::data
