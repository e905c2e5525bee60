// What the program makes of the machine that it runs on.
#include "process.h"

#include <gmock/gmock.h>

#include <cstdlib>

namespace hfc::test {
namespace {

using testing::HasSubstr;
using testing::Not;

std::string seen_by_a_script(const char* expression, std::vector<std::string> environment) {
    const auto result = run({"-e", std::string("print(") + expression + ")"},
                            {.environment = std::move(environment)});
    EXPECT_EQ(result.status, 0) << result.err;
    return result.out;
}

TEST(Launcher, BoundsHowLongThreadsSpin) {
    ::unsetenv("OMP_WAIT_POLICY");
    ::unsetenv("GOMP_SPINCOUNT");
    const auto* const count = "os.getenv('GOMP_SPINCOUNT')";
    EXPECT_EQ(seen_by_a_script(count, {}), "30000\n");
    EXPECT_EQ(seen_by_a_script(count, {"GOMP_SPINCOUNT=7"}), "7\n");
    EXPECT_EQ(seen_by_a_script(count, {"OMP_WAIT_POLICY=passive"}), "nil\n");
}

TEST(Launcher, TheProcessKeepsItsName) {
    EXPECT_EQ(seen_by_a_script("io.open('/proc/self/comm'):read()", {}), "hfc-host\n");
    EXPECT_THAT(seen_by_a_script("io.open('/proc/self/cmdline'):read()", {}), HasSubstr(HFC_HOST));
}

TEST(Libraries, AreNotTakenFromTheCurrentFolder) {
    const ScratchFolder folder;
    for (const auto* name : {"libedit.so.2", "libmimalloc.so.2", "libtorch_cpu.so", "libc10.so"}) {
        folder.write(name, "not a library");
    }
    const auto result = run({"-e", "print(1)"}, {.folder = folder.path()});
    EXPECT_EQ(result.out, "1\n") << result.err;
}

constexpr const char* learn_with_bfloat16 = R"(
local data = hfc.data("synthetic", {train = 20, test = 20})
local net = hfc.model("preact_resnet8", {classes = data.classes, channels = data.channels})
local function learn(bfloat16)
  return (hfc.mask.learn(net, data.test, {per = "image", steps = 2, bfloat16 = bfloat16}))
end
print(learn(true):equal(learn(false)), learn(true):equal(learn(false)))
)";

TEST(Bfloat16, IsLeftOutOnAProcessorWithoutItAndSaidOnce) {
    const auto result = run({"--device", "cpu", "-e", learn_with_bfloat16},
                            {.environment = {"HFC_BFLOAT16=never"}});
    EXPECT_EQ(result.out, "true\ttrue\n");
    const std::string line = "this processor does not support bfloat16";
    ASSERT_THAT(result.err, HasSubstr(line));
    EXPECT_THAT(result.err.substr(result.err.find(line) + 1), Not(HasSubstr(line)));
}

TEST(Bfloat16, CanBeForced) {
    const auto result = run({"--device", "cpu", "-e", learn_with_bfloat16},
                            {.environment = {"HFC_BFLOAT16=always"}});
    EXPECT_EQ(result.out, "false\tfalse\n");
    EXPECT_THAT(result.err, Not(HasSubstr("bfloat16")));
}

TEST(Bfloat16, AnUnknownChoiceIsRefused) {
    const auto result = run({"--device", "cpu", "-e", learn_with_bfloat16},
                            {.environment = {"HFC_BFLOAT16=maybe"}});
    EXPECT_EQ(result.status, 1);
    EXPECT_THAT(result.err, HasSubstr("HFC_BFLOAT16 must be \"always\" or \"never\""));
}

TEST(Tf32, ChangesNothingOnAProcessorAndIsSaidOnce) {
    const auto result = run({"--device", "cpu", "-e", R"(
local data = hfc.data("synthetic", {train = 20, test = 20})
local net = hfc.model("preact_resnet8", {classes = data.classes, channels = data.channels})
local exact = hfc.logits(net, data.test)
print(hfc.logits(net, data.test, {tf32 = true}):equal(exact),
  hfc.logits(net, data.test, {tf32 = true}):equal(exact),
  torch.backends.cuda.matmul.allow_tf32)
)"});
    EXPECT_EQ(result.out, "true\ttrue\tfalse\n") << result.err;
    const std::string line = "using float32, because CPUs do not support TF32";
    ASSERT_THAT(result.err, HasSubstr(line));
    EXPECT_THAT(result.err.substr(result.err.find(line) + 1), Not(HasSubstr(line)));
}

}  // namespace
}  // namespace hfc::test
