// --sandbox: a script from somebody else tries to get out.
#include "process.h"

#include <gmock/gmock.h>

#include <chrono>

namespace hfc::test {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

/// Known ways out of a Lua sandbox, most of them of LuaJIT's. Each is a chunk that returns a true
/// value, or leaves the file OUTSIDE, where it gets out. The first list must be refused one way or
/// the other; the second is what a script may do, lest all of it fails for another reason.
constexpr const char* escapes = R"lua(
local bytecode = "\27LJ\2\10\0\1\1\0\0\0\2K\0\1\0\0"
local escapes = {
  -- libraries, by all of their names
  function() return io end,
  function() return os end,
  function() return debug end,
  function() return jit end,
  function() return package end,
  function() return ffi end,
  function() return _G.io end,
  function() return rawget(_G, "os") end,
  function() return getmetatable(_G) and getmetatable(_G).__index.io end,
  function() return require "ffi" end,
  function() return require "io" end,
  function() return require "os" end,
  function() return require "debug" end,
  function() return require "jit" end,
  function() return require "jit.util" end,
  function() return require "jit.opt" end,
  function() return require "string.buffer" end,
  function() return require "table.new" end,
  function() return require "package" end,
  function() return require "_G" end,
  function() return package.loaded.ffi end,
  function() return package.preload.ffi() end,
  function() return package.loadlib("libc.so.6", "*") end,
  function() return debug.getregistry()._LOADED.ffi end,
  function() return module("x", package.seeall) end,
  function() return newproxy(true) end,
  function() return gcinfo() end,
  -- environments
  function() return getfenv(0) end,
  function() return getfenv(1) end,
  function() return getfenv(print).io end,
  function() return setfenv(1, {}) end,
  function() return setfenv(torch.save, {}) end,
  -- compiled chunks
  function() return string.dump(function() end) end,
  function() return (""):dump() end,
  function() return getmetatable("").__index.dump end,
  function() return load(bytecode) end,
  function() return loadstring(bytecode) end,
  function() return load(bytecode, "x", "b") end,
  function() return load(bytecode, "x", "bt") end,
  function() return loadstring(bytecode, "x", "b") end,
  function()
    local given
    return load(function()
      if not given then
        given = true
        return bytecode
      end
    end)
  end,
  function()
    local i = 0
    return load(function()
      i = i + 1
      return i <= #bytecode and bytecode:sub(i, i) or nil
    end)
  end,
  function()
    local i = 0
    return load(function()
      i = i + 1
      return i <= #bytecode and bytecode:sub(i, i) or nil
    end, "x", "b")
  end,
  function() return load("\27Lua") end,
  function() return load(setmetatable({}, {__tostring = function() return bytecode end})) end,
  -- files
  function() return dofile "/etc/passwd" end,
  function() return loadfile "/etc/passwd" end,
  function() return require "../outside" end,
  function() return require "..outside" end,
  function() return require "/tmp/x" end,
  function() return require "folder/../../outside" end,
  function() return require "a\0b" end,
  function() return require "link" end,
  function() torch.save(torch.ones(1), "OUTSIDE.npy") end,
  function() torch.save(torch.ones(1), "RUN/../OUTSIDE.npy") end,
  function() torch.save(torch.ones(1), "RUN/./../OUTSIDE.npy") end,
  function() torch.save(torch.ones(1), "/dev/shm/OUTSIDE.npy") end,
  function() torch.save(torch.ones(1), "RUN2/OUTSIDE.npy") end,
  function() return torch.from_file("OUTSIDE", true, 4) end,
  function() return torch.from_file("OUTSIDE", {shared = true, size = 4}) end,
  function() return hfc.run "other" end,
  function() THE_RUN:row("../OUTSIDE", {a = 1}) end,
  function() THE_RUN:save(hfc.model "preact_resnet8", "../OUTSIDE") end,
  function() THE_RUN:plot("../OUTSIDE", {}) end,
  function()
    THE_RUN:log {series = "s", epoch = 1, accuracy = 1}
    THE_RUN:plot("f", {
      title = "x'\nsystem('touch OUTSIDE')\n`touch OUTSIDE`\"`touch OUTSIDE`\"@touch",
    })
  end,
  -- memory
  function() return torch.ones(4):data() end,
  function() return torch.Tensor.data end,
  function() return getmetatable(torch.ones(1)).__gc end,
  function() return getmetatable(torch.ones(1)).__index end,
  function() return setmetatable(torch.ones(1), {}) end,
  function() return getmetatable(THE_RUN).__index end,
  function() return torch._reshape_alias_copy(torch.ones(4), {400}, {1}) end,
  function()
    return torch._sparse_coo_tensor_unsafe(torch.ones(1, 1):long() * 1000, torch.ones(1), {1})
  end,
  function() return torch.ones(4):_values() end,
  function() return torch.unsafe_chunk(torch.ones(4), 2) end,
  function() return torch.as_strided(torch.ones(4), {1000}, {1}) end,
  -- the collector
  function() return collectgarbage "stop" == 0 end,
  function() return collectgarbage("setpause", 1e9) end,
  -- a require whose helpers the script has replaced
  function()
    local find, gsub = string.find, string.gsub
    string.find, string.gsub = function() return 1 end, function(s) return s end
    local ok, result = pcall(require, "/etc/passwd")
    string.find, string.gsub = find, gsub
    return ok and result
  end,
  function()
    local old = type
    type = function() return "string" end
    local ok, result = pcall(load, {bytecode})
    type = old
    return ok and result
  end,
}

local allowed = {
  function() return load("return 1 + 1")() == 2 end,
  function() return load("return x", "x", "t", {x = 3})() == 3 end,
  function() return loadstring("return 4")() == 4 end,
  function() return require("neighbour").answer == 42 end,
  function() return require "neighbour" == require "neighbour" end,
  function() return require("folder.inner") == "inner" end,
  function() return require "string" == string end,
  function() return select(2, pcall(error, "x")) == "x" end,
  function() return coroutine.wrap(function() return 5 end)() == 5 end,
  function() return collectgarbage "count" > 0 end,
  function() return torch.ones(2):sum():item() == 2 end,
  function() return #torch.unique(torch.tensor {1, 1, 2}) == 2 end,
  function()
    torch.save(torch.ones(1), "RUN/inside.npy")
    return torch.load("RUN/inside.npy"):item() == 1
  end,
  function()
    THE_RUN:row("inside", {a = 1})
    return true
  end,
  function()
    hfc.train(hfc.model("preact_resnet8"),
      hfc.data("synthetic", {train = 8, test = 8}).train,
      {epochs = 1, batch_size = 4, quiet = true})
    return true
  end,
}
THE_RUN = hfc.run "job"
for i, escape in ipairs(escapes) do
  local ok, result = pcall(escape)
  if ok and result then print("escape " .. i .. " got out with " .. tostring(result)) end
end
for i, use in ipairs(allowed) do
  local ok, result = pcall(use)
  if not ok or not result then print("use " .. i .. " failed: " .. tostring(result)) end
end
print(#escapes .. " tried")
)lua";

class Sandbox : public testing::Test {
  protected:
    Result run_text(const std::string& text, std::vector<std::string> arguments = {}) {
        arguments.insert(arguments.begin(),
                         {"--threads", "1", "--sandbox", scratch_.write("script.lua", text)});
        return run(arguments, {.folder = scratch_.path()});
    }
    ScratchFolder scratch_;
};

TEST_F(Sandbox, KnownEscapesAreRefused) {
    std::filesystem::create_directory(scratch_.path() / "job");
    std::filesystem::create_directory(scratch_.path() / "job" / "folder");
    std::filesystem::create_directory(scratch_.path() / "RUN2");
    scratch_.write("outside.lua", "return true");
    scratch_.write("job/neighbour.lua", "return {answer = 42}");
    scratch_.write("job/folder/inner.lua", "return 'inner'");
    std::filesystem::create_symlink("../outside.lua", scratch_.path() / "job" / "link.lua");
    const auto script = scratch_.write("job/script.lua", escapes);
    const auto result =
        run({"--threads", "1", script, "--sandbox", "--out", "RUN"}, {.folder = scratch_.path()});
    EXPECT_EQ(result.status, 0) << result.err;
    EXPECT_THAT(result.out,
                AllOf(Not(HasSubstr("got out")), Not(HasSubstr("failed")), HasSubstr(" tried")));
    for (const auto& entry : std::filesystem::recursive_directory_iterator(scratch_.path())) {
        EXPECT_THAT(entry.path().filename().string(), Not(HasSubstr("OUTSIDE")));
    }
    EXPECT_FALSE(std::filesystem::exists("/dev/shm/OUTSIDE.npy"));
    EXPECT_TRUE(std::filesystem::is_empty(scratch_.path() / "RUN2"));
    EXPECT_FALSE(std::filesystem::exists(scratch_.path() / "runs"));
}

TEST_F(Sandbox, WritesNothingOutsideTheRunDirectory) {
    const auto result = run_text("torch.save(torch.ones(1), 'x.npy')");
    EXPECT_EQ(result.status, 1);
    EXPECT_THAT(result.err, HasSubstr("the sandbox allows writing only in the run directory '"));
    EXPECT_FALSE(std::filesystem::exists(scratch_.path() / "x.npy"));
}

TEST_F(Sandbox, EndsALoopThatCatchesEverything) {
    const auto began = std::chrono::steady_clock::now();
    // A compiled loop runs no hooks, and the pcall would catch an error.
    const auto result = run_text("while true do pcall(function() while true do end end) end",
                                 {"--sandbox-seconds", "1"});
    EXPECT_EQ(result.status, 3);
    EXPECT_EQ(
        result.err,
        "hfc-host: the sandbox stopped the script: it ran for more than 1 s (--sandbox-seconds)\n");
    EXPECT_LT(std::chrono::steady_clock::now() - began, std::chrono::seconds(20));
}

TEST_F(Sandbox, EndsWhatTakesTooMuchMemory) {
    for (const auto* const text :
         {"local t = {} for i = 1, 1e9 do t[i] = torch.ones(250, 1000) end",
          "local s = 'x' while true do s = s .. s end",
          "local t = {} for i = 1, 1e9 do t[i] = {i} end", "local s = ('x'):rep(9e8)"}) {
        // What LuaJIT itself refuses first is an error like any other.
        const auto result =
            run_text(std::string("while true do pcall(function() ") + text + " end) end",
                     {"--sandbox-memory", "600"});
        EXPECT_EQ(result.status, 3) << text;
        EXPECT_THAT(result.err, HasSubstr("it used more than 600 MB of memory (--sandbox-memory)"))
            << text;
    }
}

TEST_F(Sandbox, LeavesAScriptItsOptions) {
    const char* const text =
        "-- What it does.\nlocal opt = hfc.options {epochs = {3, 'passes'}}\nprint(opt.epochs)";
    EXPECT_EQ(run_text(text, {"--epochs", "5"}).out, "5\n");
    EXPECT_THAT(run_text(text, {"--help"}).out,
                AllOf(HasSubstr("What it does."), HasSubstr("--epochs")));
}

TEST_F(Sandbox, HoldsForARunThatIsTakenUpAgain) {
    const char* const text =
        "local run = hfc.run 'x'; run:log {io = tostring(io)}; run:row('t', {a = 1})";
    ASSERT_EQ(run_text(text, {"--out", "own"}).status, 0);
    auto resumed = run({"--resume", "own"}, {.folder = scratch_.path()});
    EXPECT_EQ(resumed.status, 0) << resumed.err
                                 << "the option stands in the run's own command line";
    // A directory from somebody else, who did not need it.
    ASSERT_EQ(
        run({scratch_.path() / "script.lua", "--out", "other"}, {.folder = scratch_.path()}).status,
        0);
    resumed = run({"--resume", "other", "--sandbox"}, {.folder = scratch_.path()});
    EXPECT_EQ(resumed.status, 1);
    EXPECT_THAT(resumed.err, HasSubstr("the script now logs {\"io\":\"nil\"}"));
}

TEST_F(Sandbox, HasNoPrompt) {
    const auto result = run({"--sandbox", "-i"});
    EXPECT_EQ(result.status, 2);
    EXPECT_THAT(result.err, HasSubstr("option --sandbox works only with scripts"));
}

}  // namespace
}  // namespace hfc::test
