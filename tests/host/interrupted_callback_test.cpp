// Ctrl-C and SIGTERM in the middle of a script's callback: the checkpoint is kept, and --resume
// goes on to the same numbers.
#include "events.h"

#include <gmock/gmock.h>

#include <csignal>

namespace hfc::test {
namespace {

using testing::HasSubstr;

/// Signals itself at the given call of `place`, while the file `trouble` is there. The network
/// draws random numbers and has running statistics before and behind each place, so that a batch
/// that is begun twice shows.
constexpr const char* job = R"lua(
local ffi, nn = require "ffi", torch.nn
ffi.cdef "int raise(int signal);"
local opt = hfc.options {place = "forward", call = 11, signal = 2, caught = false}
local calls = 0
local function fault(place)
  if place ~= opt.place then return end
  calls = calls + 1
  local file = calls == opt.call and io.open "trouble"
  if file then
    file:close()
    if opt.caught then
      pcall(function() ffi.C.raise(opt.signal) for _ = 1, 1e3 do torch.ones(1) end end)
    else
      ffi.C.raise(opt.signal)
    end
    for _ = 1, 1e3 do torch.ones(1) end
    error "not interrupted"
  end
end

local Same = torch.autograd.Function {
  forward = function(_, x) return x * 1 end,
  backward = function(_, g) fault "backward" return g * 1 end,
}
local Net = nn.module "Net"
function Net:init()
  self.conv, self.norm, self.drop = nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.Dropout(.2)
  self.fc = nn.Linear(4, 10)
end
function Net:forward(x)
  x = self.drop(self.norm(self.conv(x)))
  if self.training then fault "forward" else fault "probe" end
  return self.fc(self.drop(Same(x)):mean({2, 3}))
end

local data = hfc.data("synthetic", {train = 64, test = 32, seed = 3})
local run = hfc.run "small"
torch.manual_seed(1)
local net = Net()
net.conv.weight:register_hook(function() fault "hook" end)
hfc.train(net, data.train, {epochs = 4, batch_size = 8, quiet = true,
  probes = {test = data.test}, log = run:series "a", on_epoch = function(result)
    torch.rand(3)
    if result.epoch > 1 then fault "on_epoch" end
  end})
local sum = 0
for _, p in ipairs(net:parameters()) do sum = sum + p:double():abs():sum():item() end
for _, p in ipairs(net:buffers()) do sum = sum + p:double():abs():sum():item() end
run:log {sum = ("%.17g"):format(sum)}
)lua";

class InterruptedCallback : public testing::Test {
  protected:
    void SetUp() override {
        script = scratch.write("job.lua", job);
        ASSERT_EQ(start("whole", {}).status, 0);
        ASSERT_EQ(events_of(scratch.path() / "whole").size(), 5U);
    }
    Result start(const std::string& out, const std::vector<std::string>& options) const {
        std::vector<std::string> arguments = {"--threads", "1", script, "--out", out};
        arguments.insert(arguments.end(), options.begin(), options.end());
        return run(arguments, {.folder = scratch.path()});
    }
    void expect_kept(const std::string& place, int call, int signal, bool caught = false) const {
        SCOPED_TRACE(place);
        const auto out = place + std::to_string(call) + (caught ? "caught" : "");
        scratch.write("trouble", "");
        const auto stopped =
            start(out, {"--place", place, "--call", std::to_string(call), "--signal",
                        std::to_string(signal), caught ? "--caught" : "--no-caught"});
        EXPECT_EQ(stopped.status, 128 + signal) << stopped.err;
        EXPECT_THAT(stopped.err, HasSubstr("To continue: hfc-host --resume " + out));
        std::filesystem::remove(scratch.path() / "trouble");
        const auto checkpoints = scratch.path() / out / "checkpoints";
        EXPECT_TRUE(std::filesystem::exists(checkpoints)) << "no checkpoint was written";
        const auto resumed = run({"--threads", "1", "--resume", out}, {.folder = scratch.path()});
        EXPECT_EQ(resumed.status, 0) << resumed.err;
        EXPECT_EQ(events_of(scratch.path() / out), events_of(scratch.path() / "whole"));
    }

    ScratchFolder scratch;
    std::string script;
};

TEST_F(InterruptedCallback, InTheNetworkKeepsTheCheckpoint) {
    expect_kept("forward", 1, SIGINT);
    expect_kept("forward", 11, SIGINT);
    expect_kept("forward", 14, SIGTERM);
    expect_kept("probe", 2, SIGINT);
}

TEST_F(InterruptedCallback, InTheBackwardPassKeepsTheCheckpoint) {
    expect_kept("backward", 12, SIGINT);
    expect_kept("hook", 13, SIGTERM);
}

TEST_F(InterruptedCallback, BetweenEpochsKeepsTheCheckpoint) {
    expect_kept("on_epoch", 1, SIGINT);
    expect_kept("on_epoch", 2, SIGTERM);
}

TEST_F(InterruptedCallback, IsNotCaughtByPcall) {
    expect_kept("forward", 11, SIGINT, true);
    expect_kept("on_epoch", 1, SIGTERM, true);
}

/// Tells the parent that it runs, then loops: Ctrl-C once must be enough.
TEST_F(InterruptedCallback, ALoopOfPcallsStopsAtTheFirstCtrlC) {
    const std::string loops[] = {
        "while true do pcall(torch.ones, 1) end",
        "while true do xpcall(torch.ones, function() return 1 end, 1) end",
        "while true do coroutine.resume(coroutine.create(torch.ones), 1) end",
        "local function again(n) if n > 0 then pcall(again, n - 1) end pcall(torch.ones, 1) end "
        "while true do again(20) end",
    };
    for (const auto& loop : loops) {
        const auto result =
            run({"-e",
                 "require('ffi').cdef 'int raise(int);' local n = 0 local ones = torch.ones "
                 "function torch.ones(...) n = n + 1 if n == 50 then require('ffi').C.raise(2) "
                 "end if n > 1000 then os.exit(9) end return "
                 "ones(...) end " +
                     loop},
                {.folder = scratch.path()});
        EXPECT_EQ(result.status, 130) << loop << result.err;
        EXPECT_THAT(result.err, HasSubstr("hfc-host: interrupted"));
    }
}

}  // namespace
}  // namespace hfc::test
