// Memory that Lua's garbage holds is there for whoever needs it.
#include "process.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace hfc::test {
namespace {

/// Lets the process have `more` megabytes beyond what it has now.
[[maybe_unused]] constexpr const char* limit = R"lua(
local ffi = require "ffi"
ffi.cdef "typedef struct { unsigned long soft, hard; } limits; int setrlimit(int, const limits *);"
local function allow(more)
  collectgarbage()
  local pages = io.open "/proc/self/statm":read "*n"
  local bytes = pages * 4096 + more * 2^20
  assert(ffi.C.setrlimit(9, ffi.new("limits", bytes, bytes)) == 0)
end
local x = torch.ones(2.5e7)  -- 100 MB
local net = torch.nn.Linear(5000, 5000)
local w = torch.ones(5000, 5000):requires_grad_()
w.grad = torch.zeros(5000, 5000)
torch.ones(1000, 1000):matmul(torch.ones(1000, 1000))
allow(380)
)lua";

#if !defined(HFC_SANITIZED)
/// A script in a process that keeps no memory in reserve.
Result run_limited(const std::string& script) {
    ProcessOptions options;
    options.environment = {"HFC_KEPT_MEMORY=0"};
    return run({"--threads", "1", "-e", std::string(limit) + script}, options);
}

TEST(OutOfMemory, TheGarbageIsCollectedAndTheAllocationRepeated) {
    const std::string works[] = {
        "torch.ones(2.5e7)",
        "local y = x + 1",
        "local y = x:clone()",
        "local y = -x",
        "local y = x:to('float64'):to('float32')",
        "local y = torch.tensor({1, 2, 3}) local z = x:reshape(5000, 5000):t():contiguous()",
        "(w * 2):sum():backward()",
        "local y = torch.empty(0) y:resize_({2.5e7})",
        "torch.no_grad(function() local y = x:clone() y:add_(y * 2) end)",
        "local copy = net:clone()",
    };
    for (const auto& work : works) {
        const auto result = run_limited("for i = 1, 12 do " + work + " end print 'done'");
        EXPECT_EQ(result.out, "done\n") << work << "\n" << result.err;
    }
}

TEST(OutOfMemory, WhatIsAliveStaysAndTheErrorIsTold) {
    const auto result = run_limited(R"(
local kept = {}
local ok, message = pcall(function() for i = 1, 20 do kept[i] = x + i end end)
print(ok, #kept >= 2 and #kept <= 4, kept[1][0]:item(), message:match "allocate memory" or message)
kept = nil
print((x + 1)[0]:item()))");
    EXPECT_EQ(result.out, "false\ttrue\t2\tallocate memory\n2\n") << result.err;
}

TEST(OutOfMemory, AFinalizerThatFailsDoesNotHarm) {
    const auto result = run_limited(R"(
for i = 1, 12 do
  local y = x + 1
  local p = newproxy(true)
  getmetatable(p).__gc = function() local _ = y + 1 error "in a finalizer" end
end
print "done")");
    EXPECT_EQ(result.out, "done\n") << result.err;
}
#endif

}  // namespace
}  // namespace hfc::test
