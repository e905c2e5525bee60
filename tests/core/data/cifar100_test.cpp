#include "data/source/cifar100.h"

#include "data/load.h"
#include "data/source/cifar10.h"
#include "data/support.h"

namespace hfc::data {
namespace {

using testing::AllOf;
using testing::HasSubstr;

std::string record(char coarse, char fine, char pixel) {
    return std::string{coarse, fine} + std::string(3072, pixel);
}

std::string little_endian(uint32_t value) {
    return {reinterpret_cast<const char*>(&value), 4};
}

/// A batch as Python 2 pickled it: a dict of an array of bytes and a list of labels.
std::string python_batch(const std::string& labels_name, const std::string& labels,
                         const std::string& pixels) {
    const auto text = [](const std::string& value) {
        return "U" + std::string(1, static_cast<char>(value.size())) + value;
    };
    std::string list = "](";
    for (const char label : labels) {
        list += std::string("K") + label;
    }
    const auto rows = "J" + little_endian(static_cast<uint32_t>(labels.size()));
    return "\x80\x02}(" + text("data") +
           "cnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\nK" +
           std::string("\0\x85U\1b", 5) + "\x87R(K\1" + rows + "M" + std::string("\0\x0c", 2) +
           "\x86" + "cnumpy\ndtype\n" + text("u1") + std::string("K\0K\1\x87R(K\3", 9) + text("|") +
           "NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK" + std::string("\0tb\x89T", 5) +
           little_endian(static_cast<uint32_t>(pixels.size())) + pixels + "tb" + text(labels_name) +
           list + "eu.";
}

TEST_F(ScratchTest, cifar100_has_fine_and_coarse_labels) {
    write_bytes(scratch_ / "cifar-100-binary/train.bin",
                record(19, 99, 1) + record(0, 0, 2) + record(4, 57, 3));
    write_bytes(scratch_ / "cifar-100-binary/test.bin", record(1, 2, 4));
    set_root(scratch_);
    const auto fine = load("cifar100").train;
    const auto coarse = load("cifar100", {.labels = "coarse"}).train;
    const auto wrong = error_of([] { load("cifar100", {.labels = "course"}); });
    set_root({});
    EXPECT_EQ(fine.classes(), 100);
    EXPECT_EQ(fine.class_names()[57], "pear");
    EXPECT_TRUE(at::equal(fine.labels(), at::tensor({99, 0, 57}, at::kLong)));
    EXPECT_EQ(coarse.classes(), 20);
    EXPECT_EQ(coarse.class_names()[4], "fruit_and_vegetables");
    EXPECT_TRUE(at::equal(coarse.labels(), at::tensor({19, 0, 4}, at::kLong)));
    EXPECT_EQ(std::lround(255 * fine.batch(2, 3).images.mean().item<double>()), 3);
    EXPECT_THAT(
        wrong,
        HasSubstr("labels must be 'fine' (100 classes) or 'coarse' (20 classes), got 'course'"));
}

TEST_F(ScratchTest, cifar100_names_damaged_files) {
    write_bytes(scratch_ / "test.bin", record(1, 2, 4));
    write_bytes(scratch_ / "train.bin", record(1, 100, 4));
    EXPECT_THAT(error_of([&] { load_cifar100(scratch_, false); }),
                AllOf(HasSubstr("train.bin"), HasSubstr("record 0 has the label 100")));
    write_bytes(scratch_ / "train.bin", record(1, 2, 4) + "x");
    EXPECT_THAT(error_of([&] { load_cifar100(scratch_, false); }),
                HasSubstr("has 3075 bytes, expected a multiple of 3074"));
}

TEST_F(ScratchTest, the_python_versions_are_read_where_the_binary_ones_are_missing) {
    const auto folder = scratch_ / "cifar-10-batches-py";
    for (const auto& file : cifar10_python_files()) {
        const bool test = file == "test_batch";
        write_bytes(folder / file,
                    python_batch("labels", test ? "\3" : "\1\2",
                                 test ? std::string(3072, '\xff')
                                      : std::string(3072, '\1') + std::string(3072, '\2')));
    }
    write_bytes(scratch_ / "cifar-100-python/train",
                python_batch("coarse_labels", "\5", std::string(3072, '\7')));
    write_bytes(scratch_ / "cifar-100-python/test",
                python_batch("coarse_labels", "\6", std::string(3072, '\7')));
    set_root(scratch_);
    const auto pair = load("cifar10");
    const auto coarse = load("cifar100", {.labels = "coarse"});
    const auto fine = error_of([] { load("cifar100"); });
    set_root(folder);  // the folder itself
    const auto itself = load("cifar10");
    set_root({});
    EXPECT_EQ(pair.train.size(), 10);
    EXPECT_TRUE(at::equal(pair.train.labels().slice(0, 0, 4), at::tensor({1, 2, 1, 2}, at::kLong)));
    EXPECT_EQ(pair.train.name(), "cifar10 train");
    EXPECT_EQ(pair.test.batch(0, 1).images.min().item<float>(), 1);
    EXPECT_EQ(coarse.test.labels().item<int64_t>(), 6);
    EXPECT_EQ(itself.train.size(), 10);
    EXPECT_THAT(fine, AllOf(HasSubstr("cifar-100-python/train"),
                            HasSubstr("is not a batch of CIFAR's Python version"),
                            HasSubstr("'fine_labels'")));
}

}  // namespace
}  // namespace hfc::data
