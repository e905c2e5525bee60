#include "data/source/cifar10.h"

#include "data/support.h"

namespace hfc::data {
namespace {

using testing::AllOf;
using testing::HasSubstr;

constexpr int64_t file_bytes = 30'730'000;

/// Files of zeros of the right size, which take no room on the disk.
class Cifar10 : public ScratchTest {
  protected:
    Cifar10() {
        for (const auto& file : cifar10_files()) {
            write_bytes(scratch_ / file, "");
            std::filesystem::resize_file(scratch_ / file, file_bytes);
        }
    }

    void write_at(const std::string& file, int64_t position, std::string_view bytes) {
        std::fstream stream(scratch_ / file, std::ios::binary | std::ios::in | std::ios::out);
        stream.seekp(position);
        stream << bytes;
    }

    std::string error() {
        return error_of([&] { load_cifar10(scratch_); });
    }
};

TEST_F(Cifar10, puts_each_record_in_its_place) {
    write_at("data_batch_2.bin", 5 * 3073,
             "\x07"
             "red");
    write_at("data_batch_2.bin", 5 * 3073 + 1 + 1024, "green");
    write_at("data_batch_2.bin", 5 * 3073 + 1 + 2048, "blue");
    write_at("test_batch.bin", file_bytes - 3073, "\x09");
    write_at("test_batch.bin", file_bytes - 1, "z");
    const auto [train, test] = load_cifar10(scratch_);
    const auto image = train.batch(10005, 10006);
    EXPECT_EQ(image.labels.item<int64_t>(), 7);
    const auto byte = [](const at::Tensor& images, int64_t channel, int64_t row, int64_t column) {
        return static_cast<char>(std::lround(255 * images[0][channel][row][column].item<double>()));
    };
    EXPECT_EQ(byte(image.images, 0, 0, 2), 'd');
    EXPECT_EQ(byte(image.images, 1, 0, 4), 'n');
    EXPECT_EQ(byte(image.images, 2, 0, 1), 'l');
    EXPECT_EQ(image.images.count_nonzero().item<int64_t>(), 12);
    const auto last = test.batch(9999, 10000);
    EXPECT_EQ(last.labels.item<int64_t>(), 9);
    EXPECT_EQ(byte(last.images, 2, 31, 31), 'z');
}

TEST_F(Cifar10, names_a_file_of_another_size) {
    std::filesystem::resize_file(scratch_ / "data_batch_3.bin", file_bytes - 1);
    EXPECT_THAT(
        error(),
        AllOf(HasSubstr((scratch_ / "data_batch_3.bin").string()),
              HasSubstr("has 30729999 bytes, expected 30730000 (10000 records of 3073 bytes)")));
    std::filesystem::resize_file(scratch_ / "data_batch_3.bin", file_bytes + 1);
    EXPECT_THAT(error(), HasSubstr("has 30730001 bytes"));
    std::filesystem::resize_file(scratch_ / "data_batch_3.bin", 0);
    EXPECT_THAT(error(), HasSubstr("has 0 bytes"));
}

TEST_F(Cifar10, names_the_record_of_a_label_that_is_none) {
    write_at("test_batch.bin", 1234 * 3073, "\x0a");
    EXPECT_THAT(error(),
                AllOf(HasSubstr("test_batch.bin': record 1234 has the label 10, expected 0 to 9")));
}

TEST_F(Cifar10, names_a_file_that_is_missing_or_a_folder) {
    std::filesystem::remove(scratch_ / "data_batch_5.bin");
    EXPECT_THAT(error(), AllOf(HasSubstr("data_batch_5.bin"), HasSubstr("No such file")));
    std::filesystem::create_directory(scratch_ / "data_batch_5.bin");
    EXPECT_THAT(error(), AllOf(HasSubstr("data_batch_5.bin"), HasSubstr("Is a directory")));
}

}  // namespace
}  // namespace hfc::data
