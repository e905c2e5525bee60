#include "base/error.h"

#include <c10/util/Exception.h>
#include <gmock/gmock.h>

namespace hfc {
namespace {

TEST(Error, FailFormatsTheSentence) {
    try {
        fail("batch size must be at least 1, got {}", 0);
        FAIL();
    } catch (const Error& error) {
        EXPECT_STREQ(error.what(), "batch size must be at least 1, got 0");
    }
}

TEST(Error, RequireThrowsOnlyWhereTheConditionFails) {
    EXPECT_NO_THROW(require(true, "never"));
    EXPECT_THROW(require(false, "always"), Error);
}

TEST(Nearest, FindsALikelySlip) {
    const std::vector<std::string> known = {"epochs", "batch_size", "radii"};
    EXPECT_EQ(nearest("epoch", known), "epochs");
    EXPECT_EQ(nearest("batchsize", known), "batch_size");
    EXPECT_EQ(nearest("learning_rate", known), "");
    EXPECT_EQ(nearest("x", known), "");
    EXPECT_EQ(did_you_mean("radi", known), " (did you mean 'radii'?)");
    EXPECT_EQ(did_you_mean("zzz", known), "");
}

TEST(ShortMessage, CutsTheBacktraceOfLibTorch) {
    try {
        TORCH_CHECK(false, "shape mismatch");
        FAIL();
    } catch (const std::exception& error) {
        EXPECT_EQ(short_message(error), "shape mismatch");
    }
    EXPECT_EQ(short_message(std::runtime_error("plain")), "plain");
}

}  // namespace
}  // namespace hfc
