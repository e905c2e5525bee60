// What the program says of samples that were left out.
#include "process.h"

#include <gmock/gmock.h>

namespace hfc::test {
namespace {

using testing::HasSubstr;
using testing::Not;

size_t count(const std::string& text, const std::string& part) {
    size_t found = 0;
    for (size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) {
        ++found;
    }
    return found;
}

TEST(SkippedSamples, AreToldOnceAfterTheFirstEpochOfATraining) {
    const auto result = run({"--device", "cpu", "-e", R"(
local broken = false
local data = hfc.dataset {size = 20, name = "mine", get = function(i)
  assert(not broken or i % 9 ~= 4, "damaged")
  return torch.zeros(3, 8, 8), i % 2
end}
broken = true
hfc.train(hfc.model("preact_resnet8", {classes = 2}), data,
  {epochs = 3, batch_size = 8, bad = "skip", quiet = true,
   on_epoch = function(result) io.stderr:write("epoch ", result.epoch, "\n") end})
)"});
    EXPECT_EQ(result.status, 0) << result.err;
    const auto at = result.err.find("2 samples of 'mine' were skipped:\n");
    ASSERT_NE(at, std::string::npos) << result.err;
    EXPECT_GT(at, result.err.find("epoch 1"));
    EXPECT_LT(at, result.err.find("epoch 2"));
    EXPECT_EQ(count(result.err, "skipped"), 1U) << result.err;
    EXPECT_EQ(count(result.err, "damaged"), 2U) << result.err;
    EXPECT_THAT(result.err, HasSubstr("get(4): "));
    EXPECT_THAT(result.err, HasSubstr("get(13): "));
}

TEST(SkippedSamples, AreNamedUpToTen) {
    const auto result = run({"--device", "cpu", "-e", R"(
local broken = false
local data = hfc.dataset {size = 13000, name = "mine", get = function(i)
  assert(not broken or i % 1100 ~= 4, "damaged")
  return torch.zeros(1, 1, 1), 0
end}
broken = true
for _ in data:batches {size = 1000, bad = "skip"} do end
)"});
    EXPECT_EQ(result.status, 0) << result.err;
    EXPECT_THAT(result.err, HasSubstr("12 samples of 'mine' were skipped:\n"));
    EXPECT_EQ(count(result.err, "damaged"), 10U) << result.err;
    EXPECT_THAT(result.err, HasSubstr("  and 2 more\n"));
    EXPECT_THAT(result.err, Not(HasSubstr("get(11004)")));
}

}  // namespace
}  // namespace hfc::test
