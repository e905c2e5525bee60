// Tracebacks, --debug, hfc.memory and hfc.profile.
#include "process.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace hfc::test {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr const char* failing = R"(local function inner(images)
  local radius = 3
  local name = "low"
  local product = images:matmul(torch.ones(5, 5))
  return product
end
inner(torch.zeros(2, 3))
)";

TEST(Debug, ATracebackShowsLocalsAndTheOriginOfAnError) {
    const ScratchFolder scratch;
    const auto script = scratch.write("failing.lua", failing);
    const auto plain = run({script});
    EXPECT_EQ(plain.status, 1);
    EXPECT_THAT(plain.err, HasSubstr("failing.lua:4: in 'inner'"));
    EXPECT_THAT(
        plain.err,
        HasSubstr(
            "(2x3 and 5x5)\n    local product = images:matmul(torch.ones(5, 5))\ntraceback:\n"));
    EXPECT_THAT(plain.err, Not(HasSubstr("radius = 3")));
    EXPECT_THAT(plain.err, Not(HasSubstr("hfc:")));
    const auto debug = run({script, "--debug"});
    EXPECT_EQ(debug.status, 1);
    EXPECT_THAT(debug.err, HasSubstr("in 'inner'\n      images = Tensor float32 [2, 3]\n      "
                                     "radius = 3\n      name = \"low\"\n"));
    const auto syntax = scratch.write("syntax.lua", "x = 1\n  y = = 2\n");
    EXPECT_THAT(run({syntax}).err,
                HasSubstr("syntax.lua:2: unexpected symbol near '='\n    y = = 2\n"));
    EXPECT_THAT(debug.err, HasSubstr("raised in C++: "));
    EXPECT_THAT(debug.err, HasSubstr("aten/src/ATen/native/"));
}

TEST(Debug, MemoryTellsTheLargestTensorsAndWhoMadeThem) {
    const ScratchFolder scratch;
    const auto script = scratch.write("memory.lua", R"(
local small = torch.zeros(10)
local large = torch.zeros(1024, 1024)
local view = large[0]
local memory = hfc.memory {largest = 2}
print(memory.bytes >= 4194304, memory.tensors)
for _, entry in ipairs(memory.largest or {}) do
  print(entry.bytes, entry.line:match "memory.lua:%d+")
end
large, view = nil, nil
collectgarbage() collectgarbage()
print(hfc.memory().bytes < 4194304)
)");
    EXPECT_EQ(run({"--debug", script}).out,
              "true\t3\n4194304\tmemory.lua:3\n40\tmemory.lua:2\ntrue\n");
    EXPECT_EQ(run({script}).out, "true\t3\ntrue\n");
    EXPECT_THAT(run({"-e", "hfc.memory {largest = -1}"}).err,
                HasSubstr("hfc.memory: option 'largest': expected a number >= 0, got -1"));
}

TEST(Debug, ProfilePrintsTimesAndWritesATrace) {
    const ScratchFolder scratch;
    const auto script = scratch.write("profile.lua", R"(
local x = torch.rand(64, 64)
local a, b = hfc.profile(function()
  for _ = 1, 10 do x:matmul(x) end
  return 1, "two"
end, {rows = 5, trace = "trace.json"})
print(a, b)
print(pcall(hfc.profile, function() error "mine" end, {trace = ""}))
print(pcall(hfc.profile, 3))
print(pcall(hfc.profile, function() print "never run" end, {trace = "nowhere/trace.json"}))
print(pcall(hfc.profile, function() print "never run" end, {trace = "."}))
print(pcall(hfc.profile, function() hfc.profile(function() end) end))
)");
    const auto result = run({script}, {.folder = scratch.path()});
    EXPECT_EQ(result.status, 0) << result.err;
    EXPECT_THAT(result.out, HasSubstr("aten::mm"));
    EXPECT_THAT(result.out, HasSubstr("trace: trace.json"));
    EXPECT_THAT(result.out, HasSubstr("\n1\ttwo\n"));
    EXPECT_THAT(result.out, HasSubstr("profile.lua:8: mine"));
    EXPECT_THAT(result.out,
                HasSubstr("hfc.profile: argument 1 (function): expected a function, got number 3"));
    EXPECT_THAT(result.out, HasSubstr("cannot call hfc.profile"));
    EXPECT_THAT(result.out, HasSubstr("nowhere/trace.json"));
    EXPECT_THAT(result.out, HasSubstr("hfc.profile: option 'trace': '.' is not a regular file"));
    EXPECT_THAT(result.out, Not(HasSubstr("never run")));
    const auto trace = nlohmann::json::parse(read_text(scratch.path() / "trace.json"));
    const auto& events = trace.at("traceEvents");
    const auto products = std::count_if(events.begin(), events.end(), [](const auto& event) {
        return event.value("name", "") == "aten::mm";
    });
    EXPECT_EQ(products, 10);
}

}  // namespace
}  // namespace hfc::test
