#include "data/pixel_memory.h"

#include "base/machine.h"

#include "data/source/synthetic.h"
#include "data/support.h"

#include <ATen/ATen.h>
#include <fstream>

namespace hfc::data {
namespace {

using testing::HasSubstr;

/// An environment variable for the length of a scope.
class Variable {
  public:
    Variable(const char* name, const std::string& value)
        : name_(name), before_(std::getenv(name) ? std::getenv(name) : "") {
        ::setenv(name, value.c_str(), 1);
    }
    ~Variable() { before_.empty() ? ::unsetenv(name_) : ::setenv(name_, before_.c_str(), 1); }
    Variable(const Variable&) = delete;
    Variable& operator=(const Variable&) = delete;

  private:
    const char* name_;
    std::string before_;
};

int mapped_files() {
    std::ifstream maps("/proc/self/maps");
    int count = 0;
    for (std::string line; std::getline(maps, line);) {
        count += line.find("hfc-pixels-") != std::string::npos ? 1 : 0;
    }
    return count;
}

using PixelMemory = ScratchTest;

TEST_F(PixelMemory, AFileHoldsWhatMemoryMayNotAndGoesWithTheTensor) {
    const Variable folder("TMPDIR", folder_.path().string());
    auto pixels = make_pixels({3, 1, 1000, 1000}, 2'999'999);
    EXPECT_EQ(mapped_files(), 1);
    pixels.fill_(7);
    EXPECT_EQ(pixels.sum().item<int64_t>(), 21'000'000);
    EXPECT_TRUE(std::filesystem::is_empty(folder_.path()))
        << "the file has no name that a death would leave behind";
    pixels = make_pixels({3, 1, 1000, 1000}, 3'000'000);
    EXPECT_EQ(mapped_files(), 0);
}

TEST_F(PixelMemory, ADataSetIsTheSameInAFile) {
    const SyntheticOptions options = {.train = 400, .test = 100, .seed = 2};
    const auto expected = synthetic(options).train.low_pass(4).batch(0, 400).images;
    const Variable none("HFC_PIXEL_MEMORY", "0");
    const auto pair = synthetic(options);
    EXPECT_EQ(mapped_files(), 2);
    EXPECT_TRUE(at::equal(pair.train.low_pass(4).batch(0, 400).images, expected));
}

TEST_F(PixelMemory, AllTensorsThatAreAliveShareOneBudget) {
    auto first = make_pixels({600, 1000}, 1'000'000);
    auto second = make_pixels({600, 1000}, 1'000'000);
    EXPECT_EQ(mapped_files(), 1) << "both together are more";
    const auto third = make_pixels({400, 1000}, 1'000'000);
    EXPECT_EQ(mapped_files(), 1) << "what is in a file does not count";
    const auto view = first.slice(0, 0, 1);
    first = at::Tensor();
    second = make_pixels({600, 1000}, 1'000'000);
    EXPECT_EQ(mapped_files(), 1) << "a view keeps the memory";
    EXPECT_EQ(view.numel(), 1000);
}

TEST_F(PixelMemory, OfATensorThatIsGoneIsFreeAgain) {
    for (int i = 0; i < 10; ++i) {
        make_pixels({600, 1000}, 1'000'000).fill_(i);
        EXPECT_EQ(mapped_files(), 0);
    }
}

TEST_F(PixelMemory, ThePartsOfADataSetShareTheBudget) {
    const Variable one("HFC_PIXEL_MEMORY", "1");
    const auto pair = synthetic({.train = 250, .test = 250, .seed = 2});  // .77 MB each
    EXPECT_EQ(mapped_files(), 1);
}

TEST_F(PixelMemory, TheVariableMustBeAWholeNumber) {
    for (const char* wrong : {"abc", "1.5", "-1", "100MB", " 7", "99999999999999999999"}) {
        const Variable variable("HFC_PIXEL_MEMORY", wrong);
        EXPECT_THAT(error_of([] { synthetic({.train = 10, .test = 10}); }),
                    HasSubstr(std::string("the environment variable HFC_PIXEL_MEMORY must be an "
                                          "integer number of MB, got '") +
                              wrong + "'"));
    }
    const Variable variable("HFC_PIXEL_MEMORY", "250");
    EXPECT_EQ(default_pixel_memory(), 250'000'000U);
    const Variable none("HFC_PIXEL_MEMORY", "");
    EXPECT_EQ(default_pixel_memory(), memory_limit() / 2);
}

TEST_F(PixelMemory, AFolderWithoutRoomIsNamed) {
    const Variable folder("TMPDIR", (folder_.path() / "none").string());
    EXPECT_THAT(error_of([] {
                    make_pixels({10, 10}, 0);
                }),
                HasSubstr("fit neither in memory nor in a file in '"));
    const Variable there("TMPDIR", folder_.path().string());
    EXPECT_THAT(error_of([] { make_pixels({int64_t{1} << 50}, 0); }),
                HasSubstr("1125899.9 GB of images fit neither"));
}

}  // namespace
}  // namespace hfc::data
