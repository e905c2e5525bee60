#include "data/load.h"

#include "data/support.h"

#include <ATen/ATen.h>

namespace hfc::data {
namespace {

using testing::AllOf;
using testing::HasSubstr;

/// With the data root in an empty folder, put back afterwards.
class Load : public ScratchTest {
  protected:
    Load() { set_root(scratch_); }
    ~Load() override { set_root({}); }

    static std::string error(const std::string& name) {
        return error_of([&] { load(name); });
    }
};

TEST_F(Load, knows_names) {
    EXPECT_THAT(
        error("cifra10"),
        AllOf(
            HasSubstr("unknown data set 'cifra10' (did you mean 'cifar10'?)"),
            HasSubstr("expected one of synthetic, cifar10, cifar100, mnist, fashion_mnist, kmnist, "
                      "emnist, folder:DIR")));
    EXPECT_THAT(error(""), HasSubstr("unknown data set ''"));
    EXPECT_THAT(error("folder:"), HasSubstr("must be followed by the path of a directory"));
    EXPECT_THAT(error("folder:/nowhere/at all"),
                HasSubstr("the directory '/nowhere/at all' does not exist"));
}

TEST_F(Load, passes_settings_on) {
    LoadOptions options;
    options.seed = 3;
    options.synthetic.train = 12;
    options.synthetic.seed = 99;
    const auto train = load("synthetic", options).train;
    EXPECT_EQ(train.size(), 12);
    EXPECT_TRUE(at::equal(train.batch(0, 12).images,
                          synthetic({.train = 12, .seed = 3}).train.batch(0, 12).images));
}

TEST_F(Load, says_what_is_missing_and_how_to_get_it) {
    EXPECT_THAT(
        error("cifar10"),
        AllOf(HasSubstr("expected the following files in '" +
                        (scratch_ / "cifar-10-batches-bin").string() + "': data_batch_1.bin"),
              HasSubstr("missing: all"), HasSubstr("https://www.cs.toronto.edu/~kriz/cifar.html"),
              HasSubstr("| tar -xz -C '" + scratch_.string() + "'"), HasSubstr("--data DIR"),
              HasSubstr("HFC_DATA")));
    write_bytes(scratch_ / "mnist/train-images-idx3-ubyte.gz", "");
    write_bytes(scratch_ / "mnist/train-labels-idx1-ubyte", "");
    EXPECT_THAT(error("mnist"),
                AllOf(HasSubstr("missing: t10k-images-idx3-ubyte, t10k-labels-idx1-ubyte."),
                      HasSubstr("(each may end in .gz)")));
    EXPECT_THAT(error("fashion_mnist"),
                AllOf(HasSubstr("--output-dir '" + (scratch_ / "fashion-mnist").string() + "'"),
                      HasSubstr("amazonaws.com/{train-images-idx3-ubyte,train-labels-idx1-ubyte,"),
                      HasSubstr("ubyte}.gz'")));
}

TEST_F(Load, takes_the_root_from_the_program_then_the_environment_then_here) {
    const char* before = std::getenv("HFC_DATA");
    const std::string kept = before != nullptr ? before : "";
    ::setenv("HFC_DATA", "/from/environment", 1);
    EXPECT_EQ(root(), scratch_);
    set_root({});
    EXPECT_EQ(root(), "/from/environment");
    ::setenv("HFC_DATA", "", 1);
    EXPECT_EQ(root(), "data");
    ::unsetenv("HFC_DATA");
    EXPECT_EQ(root(), "data");
    if (before != nullptr) {
        ::setenv("HFC_DATA", kept.c_str(), 1);
    }
}

/// A set of one training and one test image, all files with this before their names.
void write_set(const std::filesystem::path& folder, const std::string& prefix, char label,
               const std::string& test = "t10k") {
    const auto number = [](uint32_t value) {
        return std::string{0, 0, 0, static_cast<char>(value)};
    };
    const auto images = std::string("\0\0\x08\x03", 4) + number(1) + number(28) + number(28) +
                        std::string(784, 'x');
    const auto labels = std::string("\0\0\x08\x01", 4) + number(1) + label;
    for (const auto& part : {std::string("train"), test}) {
        write_bytes(folder / (prefix + part + "-images-idx3-ubyte"), images);
        write_bytes(folder / (prefix + part + "-labels-idx1-ubyte"), labels);
    }
}

TEST_F(Load, finds_the_folders_that_torchvision_makes) {
    write_set(scratch_ / "MNIST/raw", "", 7);
    write_set(scratch_ / "FashionMNIST/raw", "", 8);
    write_set(scratch_ / "KMNIST/raw", "", 9);
    EXPECT_EQ(load("mnist").train.labels().item<int64_t>(), 7);
    EXPECT_EQ(load("fashion_mnist").train.labels().item<int64_t>(), 8);
    const auto kmnist = load("kmnist").train;
    EXPECT_EQ(kmnist.class_names()[9], "wo");
    set_root(scratch_ / "MNIST/raw/");
    EXPECT_EQ(load("mnist").train.labels().item<int64_t>(), 7) << "--data on the folder itself";
    EXPECT_THAT(error("kmnist"), HasSubstr("missing: all")) << "which is not KMNIST's";
    set_root(scratch_ / "MNIST");
    EXPECT_EQ(load("mnist").train.labels().item<int64_t>(), 7) << "the folder above raw";
}

TEST_F(Load, emnist_has_splits) {
    write_set(scratch_ / "EMNIST/raw", "emnist-letters-", 26, "test");
    write_set(scratch_ / "EMNIST/raw", "emnist-byclass-", 61, "test");
    const auto letters = load("emnist", {.split = "letters"}).train;
    EXPECT_EQ(letters.classes(), 27);
    EXPECT_EQ(letters.class_names()[26], "z");
    EXPECT_EQ(load("emnist", {.split = "byclass"}).test.class_names()[61], "z");
    EXPECT_THAT(error("emnist"), AllOf(HasSubstr(": emnist-balanced-train-images-idx3-ubyte"),
                                       HasSubstr("missing: all")));
    EXPECT_THAT(error_of([] { load("emnist", {.split = "leters"}); }),
                HasSubstr("unknown split 'leters' of emnist (did you mean 'letters'?): expected"));
}

}  // namespace
}  // namespace hfc::data
