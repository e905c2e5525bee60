// What a script's errors and its end look like from outside: any error value, frames of callbacks,
// the end of the script inside pcall.
#include "process.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace hfc::test {
namespace {

using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

Result run_text(const std::string& text, const std::vector<std::string>& options = {}) {
    std::vector<std::string> arguments = {"-e", text};
    arguments.insert(arguments.end(), options.begin(), options.end());
    return run(arguments);
}

constexpr const char* object_of_an_error =
    "error(setmetatable({}, {__tostring = function() return 'mine' end}))";

TEST(Errors, EachErrorValueIsToldWithItsLine) {
    const std::pair<std::string, std::string> values[] = {
        {"error({code = 7})", "error value: {code = 7}"},
        {"error({1, {}, 'a'})",
         "error value: {[number 1] = 1, [number 2] = a table, [number 3] = "
         "\"a\"}"},
        {"error()", "error value: nil"},
        {"error(42, 0)", "42"},
        {"error(true)", "error value: true"},
        {"error(print)", "error value: a function"},
        {"error(io.stdout)", "file (0x"},
        {"error(torch.ones(1))", "tensor([1.])"},
        {"error(hfc.data('synthetic', {train = 8, test = 8}).train)", "synthetic"},
        {object_of_an_error, "mine"},
        {"error(setmetatable({a = 1}, {__tostring = function() error 'worse' end}))",
         "error value: {a = 1}"},
        {"error(setmetatable({a = 1}, {__tostring = function() return io.stdout end}))",
         "error value: {a = 1}"},
        {"tostring = nil error({a = 1})", "error value: {a = 1}"},
        {"torch.no_grad(function() error({a = 1}) end)", "error value: {a = 1}"},
    };
    for (const auto& [text, told] : values) {
        const auto result = run_text("\n" + text);
        EXPECT_EQ(result.status, 1) << text;
        EXPECT_THAT(result.err, HasSubstr(told)) << text;
        EXPECT_THAT(result.err, HasSubstr("-e:2: ")) << text;
        EXPECT_THAT(result.err, HasSubstr("\n  -e:2: in main chunk")) << text;
    }
}

TEST(Errors, ValuesPassThroughCallbacksAsTheyAre) {
    const auto result = run_text(R"(
for _, value in ipairs {5, "text", {}, true, print} do
  local ok, got = pcall(torch.no_grad, function() error(value, 0) end)
  assert(not ok and got == value and type(got) == type(value))
end
print "same")");
    EXPECT_EQ(result.out, "same\n") << result.err;
}

constexpr const char* layers = R"(local nn = torch.nn
local Block = nn.module "Block"
function Block:init()
  self.conv = nn.Conv2d(3, 4, 3)
  self.layers = nn.ModuleList {nn.ReLU(), nn.Linear(7, 10)}
end
function Block:forward(x)
  x = self.conv(x)
  for _, layer in ipairs(self.layers:children()) do
    x = layer(x)
  end
  return x
end
local net = nn.Sequential(Block())
local data = hfc.data("synthetic", {train = 16, test = 8})
local function train()
  hfc.train(net, data.train, {epochs = 1, quiet = true})
  return true
end
train()
)";

TEST(Errors, TheTracebackNamesTheLayer) {
    const ScratchFolder scratch;
    (void)scratch.write("net.lua", layers);
    const auto result = run({"net.lua"}, {.folder = scratch.path()});
    EXPECT_EQ(result.status, 1);
    EXPECT_THAT(result.err, StartsWith("hfc-host: net.lua:10: torch.linear: "));
    EXPECT_THAT(result.err, HasSubstr("\n    x = layer(x)\n"
                                      "traceback:\n"
                                      "  in layer 'layers.1' (Linear) of Block\n"
                                      "  net.lua:10: in 'forward'\n"
                                      "  in layer '0' (Block) of Sequential\n"
                                      "  in Sequential\n"
                                      "  net.lua:17: in 'train'\n"
                                      "  net.lua:20: in main chunk\n"));
}

TEST(Errors, TheTracebackShowsTheFramesInsideCallbacks) {
    const std::string prelude = R"(
local data = hfc.data("synthetic", {train = 16, test = 8})
local function deep() error "here" end
local function fail() deep() return 1 end
)";
    const std::string callbacks[] = {
        "hfc.train(hfc.model 'preact_resnet8', data.train, {epochs = 1, quiet = true, on_epoch = "
        "fail})",
        "torch.no_grad(fail)",
        "local x = torch.ones(1, {requires_grad = true}) local y = x * 2 y:register_hook(fail) "
        "y:backward()",
        "local x = torch.ones(1, {requires_grad = true}) torch.autograd.Function {forward = "
        "function(_, v) return v * 1 end, backward = fail}(x):backward()",
        "local net = hfc.model 'lenet' net.conv2:register_forward_hook(fail) "
        "hfc.accuracy(net, data.test)",
        "hfc.profile(fail)",
        "coroutine.wrap(function() fail() return 1 end)()",
        "coroutine.wrap(function() torch.no_grad(fail) return 1 end)()",
        "torch.no_grad(function() coroutine.wrap(function() torch.no_grad(fail) end)() end)",
    };
    for (const auto& callback : callbacks) {
        const auto result = run_text(prelude + callback + "\n");
        EXPECT_EQ(result.status, 1) << callback;
        EXPECT_THAT(result.err, StartsWith("hfc-host: -e:3: here")) << callback;
        EXPECT_THAT(result.err, HasSubstr("traceback:\n  -e:3: in 'deep'\n  -e:4: in "))
            << callback;
        EXPECT_THAT(result.err, HasSubstr("\n  -e:5: in main chunk\n")) << callback;
    }
}

TEST(Errors, FramesOfAnErrorThatWasCaughtAreNotShownForAnother) {
    const auto result = run_text(R"(
local function fail() error("same", 0) end
pcall(torch.no_grad, function() fail() end)
error("same", 0))");
    EXPECT_THAT(result.err, HasSubstr("same\ntraceback:\n  -e:4: in main chunk\n"));
    EXPECT_THAT(result.err, Not(HasSubstr("'fail'")));
}

TEST(Errors, AnEndlessRecursionIsToldBriefly) {
    const auto result = run_text("local function f() return 1 + f() end f()");
    EXPECT_EQ(result.status, 1);
    EXPECT_THAT(result.err, HasSubstr("stack overflow"));
    EXPECT_LT(std::ranges::count(result.err, '\n'), 70);
}

TEST(Errors, TheEndOfTheScriptPassesThroughPcall) {
    const std::string wrapped[] = {
        "pcall(hfc.options, {a = 1})",
        "pcall(pcall, pcall, hfc.options, {a = 1})",
        "xpcall(hfc.options, function(e) print 'handler' return e end, {a = 1})",
        "xpcall(hfc.options, function(e) error 'handler' end, {a = 1})",
        "coroutine.resume(coroutine.create(hfc.options), {a = 1})",
        "coroutine.wrap(function() hfc.options {a = 1} end)()",
        "pcall(torch.no_grad, function() pcall(hfc.options, {a = 1}) end)",
        "pcall(function() for _ = 1, 2 do pcall(function() hfc.options {a = 1} end) end end)",
        "local p = newproxy(true) getmetatable(p).__gc = function() hfc.options {a = 1} end p = "
        "nil "
        "collectgarbage() torch.ones(1)",
        "load(function() hfc.options {a = 1} end) torch.ones(1)",
        "error = nil pcall(hfc.options, {a = 1})",
        "local y = torch.ones(1, {requires_grad = true}) * 2 y:register_hook(function() "
        "hfc.options "
        "{a = 1} end) pcall(y.backward, y)",
    };
    const ScratchFolder scratch;
    for (const auto& text : wrapped) {
        const auto script = scratch.write("script.lua", text + " print 'goes on'");
        const auto wrong = run({script, "--b", "3"});
        EXPECT_EQ(wrong.status, 2) << text;
        EXPECT_EQ(wrong.out, "") << text;
        EXPECT_THAT(wrong.err, HasSubstr("unknown option --b")) << text;
        const auto help = run({script, "--help"});
        EXPECT_EQ(help.status, 0) << text << help.err;
        EXPECT_THAT(help.out, HasSubstr("Options of the script")) << text;
        EXPECT_THAT(help.out, Not(HasSubstr("goes on"))) << text;
    }
    const auto caught_by_c =
        run_text("load(function() hfc.options {a = 1} end) print 'goes on'", {"--b", "3"});
    EXPECT_EQ(caught_by_c.status, 2) << "no function of the API is called any more";
}

TEST(Errors, PcallAndCoroutinesAreOtherwiseLuas) {
    const auto result = run_text(R"(
local function check(got, ...) assert(got == select("#", ...)) return ... end
assert(select("#", pcall(function() return nil, nil end)) == 3)
local ok, a, b = pcall(function(...) return select("#", ...), ... end, nil, nil)
assert(ok and a == 2 and b == nil)
assert(not pcall(pcall) and not pcall(error))
local ok, value = xpcall(function(x) error({x}) end, function(e) return e[1] + 1 end, 4)
assert(not ok and value == 5)
assert(not pcall(xpcall, print))
local co = coroutine.wrap(function(x)
  local ok, y = pcall(function() return coroutine.yield(x + 1) end)
  local _, z = xpcall(function() return coroutine.yield(y + 1) end, print)
  return z
end)
assert(co(1) == 2 and co(5) == 6 and co(9) == 9)
assert(select(2, pcall(co)):find "cannot resume dead coroutine")
local thread = coroutine.create(function() error({code = 3}) end)
local ok, value = coroutine.resume(thread)
assert(not ok and value.code == 3 and coroutine.status(thread) == "dead")
assert(select(2, pcall(coroutine.wrap(function() error({code = 4}) end))).code == 4)
assert(not pcall(coroutine.wrap, 3))
print "all")");
    EXPECT_EQ(result.out, "all\n") << result.err;
}

TEST(Errors, AYieldInsideACallbackNamesTheFunction) {
    const std::pair<std::string, std::string> callbacks[] = {
        {"torch.no_grad(function() coroutine.yield() end)", "torch.no_grad"},
        {"torch.enable_grad(function() torch.no_grad(coroutine.yield) end)", "torch.no_grad"},
        {"hfc.profile(coroutine.yield)", "hfc.profile"},
        {"local d = hfc.data('synthetic', {train = 8, test = 8}).train hfc.train(hfc.model "
         "'preact_resnet8', d, {epochs = 1, quiet = true, on_epoch = coroutine.yield})",
         "hfc.train"},
        {"local Net = torch.nn.module 'Net' function Net:forward(x) coroutine.yield() return x end "
         "hfc.accuracy(Net(), hfc.data('synthetic', {train = 8, test = 8}).train)",
         "hfc.accuracy"},
        {"local y = torch.ones(1, {requires_grad = true}) * 2 y:register_hook(coroutine.yield) "
         "y:backward()",
         "Tensor:backward"},
        {"torch.autograd.Function {forward = function(_, x) coroutine.yield() return x end, "
         "backward "
         "= print}(torch.ones(1))",
         "torch.autograd.Function"},
    };
    for (const auto& [text, name] : callbacks) {
        const auto result = run_text("coroutine.wrap(function() " + text + " return 1 end)()");
        EXPECT_EQ(result.status, 1) << text;
        EXPECT_THAT(result.err, HasSubstr("cannot yield inside " + name)) << text;
        EXPECT_THAT(result.err, Not(HasSubstr("C-call boundary"))) << text;
    }
}

}  // namespace
}  // namespace hfc::test
