// The same numbers on any number of cores.
#include "process.h"

#include <gmock/gmock.h>

namespace hfc::test {
namespace {

/// A training's weights, to the last bit.
constexpr const char* training = R"lua(
local data = hfc.data("synthetic", {train = 256, test = 16, seed = 3})
local model = hfc.model("preact_resnet8", {seed = 1})
hfc.train(model, data.train, {epochs = 1, batch_size = 64, quiet = true})
local sum = 0
for _, p in ipairs(model:parameters()) do sum = sum + p:double():abs():sum():item() end
print(("%.17g"):format(sum))
)lua";

/// What needs no option: data, splits, and counts.
constexpr const char* pieces = R"lua(
local data = hfc.data("synthetic", {train = 64, test = 16, seed = 3})
local x = data.train:batch(0, 64)
local places = torch.arange(x:numel()):view(x:size())
local low, high = hfc.frequency.split(x, {radius = 4})
-- The bits as whole numbers: their sum does not depend on the order in which threads add them.
for _, y in ipairs {x, low, high} do
  print((y:contiguous():view("int32"):long() * places):sum():remainder(2147483647):item())
end
)lua";

TEST(Deterministic, ATrainingIsTheSameOnAnyNumberOfCores) {
    std::string first;
    for (const char* cores : {"OMP_NUM_THREADS=1", "OMP_NUM_THREADS=2", "OMP_NUM_THREADS=3"}) {
        const auto result = run({"--deterministic", "-e", training}, {.environment = {cores}});
        ASSERT_EQ(result.status, 0) << result.err;
        first = first.empty() ? result.out : first;
        EXPECT_EQ(result.out, first) << cores;
    }
    EXPECT_GT(first.size(), 10U);
}

TEST(Deterministic, DataAndSplitsAreSoAnyway) {
    const auto first = run({"--threads", "1", "-e", pieces});
    ASSERT_EQ(first.status, 0) << first.err;
    for (const char* threads : {"2", "3", "4"}) {
        EXPECT_EQ(run({"--threads", threads, "-e", pieces}).out, first.out) << threads;
    }
}

}  // namespace
}  // namespace hfc::test
