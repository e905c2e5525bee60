// Scripts that once read or wrote memory that is not theirs, each in a process of its own: it lives
// to its end.
#include "process.h"

#include <gmock/gmock.h>

#include <filesystem>
#include <regex>

namespace hfc::test {
namespace {

using testing::HasSubstr;

struct Script {
    const char* name;
    const char* text;
    const char* said = "";  ///< what standard output holds
};

void PrintTo(const Script& script, std::ostream* out) {
    *out << script.name;
}

/// What the scripts share. `refused(f, ...)` prints an error's text.
constexpr const char* preamble = R"lua(
local function int(t) return torch.tensor(t, {dtype = "int64"}) end
local function refused(f, ...) print(select(2, pcall(f, ...))) end
)lua";

class MemorySafety : public testing::TestWithParam<Script> {};

TEST_P(MemorySafety, ScriptLivesToItsEnd) {
    const auto result = run({"-e", std::string(preamble) + GetParam().text + "\nprint('alive')"});
    EXPECT_EQ(result.status, 0) << result.err;
    EXPECT_THAT(result.out, HasSubstr("alive"));
    EXPECT_THAT(result.out, HasSubstr(GetParam().said));
}

std::string name_of(const testing::TestParamInfo<Script>& info) {
    return info.param.name;
}

// Lua's side: metatables, forged objects, replaced globals, __gc called by hand.
INSTANTIATE_TEST_SUITE_P(
    Lua, MemorySafety,
    testing::Values(Script{"TableOfTorch", R"lua(
            print(getmetatable(torch))
            refused(function() getmetatable(torch).__index("x", "add") end)
            refused(function() debug.getmetatable(torch).__index("x", "add") end)
            refused(function() debug.getmetatable(torch).__index(2.5, "add") end))lua"},
                    Script{"NoMetatableIsHandedOut", R"lua(
            local net = torch.nn.Sequential {torch.nn.ReLU()}
            for _, value in pairs {
              torch, torch.ones(1), net, torch.nn, torch.nn.functional, torch.linalg,
              hfc.model "preact_resnet8", torch.optim.Adam {torch.nn.Parameter(torch.ones(1))},
            } do
              assert(type(getmetatable(value)) == "string")
              assert(not pcall(setmetatable, value, {}))
            end)lua"},
                    Script{"IndexOfTensorWithoutArguments", R"lua(
            refused(debug.getmetatable(torch.ones(1)).__index)
            for event, f in pairs(debug.getmetatable(torch.ones(1))) do
              if type(f) == "function" then pcall(f) pcall(f, 1) pcall(f, "a", "b") end
            end)lua"},
                    Script{"ForgedModule", R"lua(
            local test = hfc.data("synthetic", {train = 2, test = 2}).test
            for _, fields in ipairs {
              {}, {find_new = 1}, {find_new = print}, {name = "x", __index = function() end},
            } do
              fields.is_module, fields.__call = true, function() end
              refused(hfc.accuracy, setmetatable({_order = {}, _kind = {}}, fields), test)
              refused(hfc.smooth, setmetatable({_order = {"a"}, _kind = 1}, fields), {rho = 1})
            end)lua",
                           "(model): expected a Model or a torch.nn module, got a table"},
                    Script{"FieldsOfAModuleOverwritten", R"lua(
            local net = torch.nn.Sequential {torch.nn.Flatten(), torch.nn.Linear(3072, 10)}
            net._order, net._kind = 1, setmetatable({}, {__index = error})
            print(hfc.accuracy(net, hfc.data("synthetic", {train = 2, test = 2}).test)))lua"},
                    Script{"ModuleThatContainsItself", R"lua(
            local net = torch.nn.Sequential {torch.nn.Flatten(), torch.nn.Linear(3072, 10)}
            net.inner = torch.nn.Sequential {torch.nn.ReLU()}
            net.inner.outer = net
            print(#net:parameters(), tostring(net):sub(1, 10))
            refused(hfc.accuracy, net, hfc.data("synthetic", {train = 2, test = 2}).test))lua",
                           "the network contains itself"},
                    Script{"ObjectsDestroyedInACallback", R"lua(
            local function destroy(object)
              debug.getmetatable(object).__gc(object)
            end
            local data = hfc.data("synthetic", {train = 4, test = 4})
            local images, test = torch.rand(4, 3, 32, 32), data.test
            local net = torch.nn.module "Net" ()
            net.inner = torch.nn.Linear(3072, 10)
            local doomed
            local class = torch.nn.module "Destroyer"
            function class:init() self.inner = torch.nn.Linear(3072, 10) end
            function class:forward(x)
              if doomed then destroy(doomed) doomed = nil end
              collectgarbage()
              return self.inner(x:flatten(1))
            end
            net = class()
            doomed = images
            print(hfc.predict(net, images, {batch_size = 2}))
            doomed = test
            print(hfc.predict(net, test, {batch_size = 2}))
            doomed = data.train
            hfc.train(net, data.train, {epochs = 2, batch_size = 2, quiet = true})
            local model = hfc.model "preact_resnet8"
            pcall(model.apply, model, destroy)
            local x = torch.ones(2):requires_grad_()
            x:register_hook(function() destroy(x) end)
            x:sum():backward())lua"}),
    name_of);

// The script replaces what it can; the API goes on as before and hands nothing to it.
INSTANTIATE_TEST_SUITE_P(Globals, MemorySafety,
                         testing::Values(Script{"ReplacedGlobals", R"lua(
            local plain, seen = {}, {}
            for name, value in pairs(_G) do plain[name] = value end
            local libraries = {string, table, math, bit, coroutine, debug, _G}
            local getmeta, find_type, each = debug.getmetatable, type, pairs
            for _, library in ipairs(libraries) do
              for name, value in each(library) do
                if find_type(value) == "function" and name ~= "print"
                    and name ~= "help" and name ~= "apropos" then
                  library[name] = function(...)
                    seen[#seen + 1] = {...}
                    plain.error("replaced " .. name)
                  end
                end
              end
            end
            getmeta("").__index = {}
            torch.is_tensor, torch.no_grad, torch.cat = nil, nil, nil
            help(torch.ones(1))
            help()
            local nn = torch.nn
            local net = nn.Sequential(nn.Linear(4, 3), nn.ReLU(), nn.Linear(3, 2))
            help(net)
            plain.assert(plain.tostring(net))
            net:load_state_dict(net:clone():state_dict())
            net(torch.ones(2, 4)):sum():backward()
            torch.nn.functional.interpolate(torch.ones(1, 1, 2, 2), {scale_factor = 2})
            torch.nn.init.xavier_uniform_(net:parameters()[1])
            local adam = torch.optim.Adam(net:parameters(), {lr = 1})
            torch.optim.lr_scheduler.StepLR(adam, {step_size = 1}):step()
            hfc.options {size = 1, list = {4, 8}}
            apropos "pool"
            plain.assert(#seen == 0)
            tostring = plain.tostring)lua",
                                                "Linear(in_features=4, out_features=3, bias=True)"},
                                         Script{"RawgetOfHelp", R"lua(
            local meta
            local plain = tostring
            rawget = function(t) meta = t end
            type = function(v) return "table" end
            tostring = function() return "x" end
            pcall(help, torch.ones(1))
            pcall(help, hfc.model "preact_resnet8")
            tostring = plain
            assert(meta == nil))lua"}),
                         name_of);

// Operators that trust their arguments.
INSTANTIATE_TEST_SUITE_P(
    Operators, MemorySafety,
    testing::Values(Script{"SparseIndicesOutOfRange", R"lua(
            refused(torch.sparse_coo_tensor, int {{1e9}}, torch.ones(1), {4})
            refused(torch.sparse_coo_tensor, int {{-1}}, torch.ones(1), {4})
            refused(torch.sparse_csr_tensor, int {0, 1, 1e7}, int {0, 1}, torch.ones(2), {2, 2})
            refused(torch.sparse_csc_tensor, int {0, 1, 2}, int {0, 99}, torch.ones(2), {2, 2})
            refused(torch.sparse_bsr_tensor, int {0, 1, 9}, int {0, 1}, torch.ones(2, 1, 1), {2, 2})
            refused(torch.sparse_coo_tensor, int {{3, 3}}, torch.ones(2), {4},
                    {is_coalesced = true}))lua",
                           "size is inconsistent with indices"},
                    Script{"SparseIndicesChangedLater", R"lua(
            local i = int {{1}}
            local s = torch.sparse_coo_tensor(i, torch.ones(1), {4})
            i:fill_(1e9)
            s:_indices():fill_(1e9)
            s = s:coalesce()
            s:indices():fill_(1e9)
            print(s:to_dense():sum():item())
            local c = torch.ones(2, 2):to_sparse_csr()
            c:crow_indices():fill_(1e7)
            c:col_indices():fill_(1e7)
            print(c:matmul(torch.ones(2, 2))[0][0]:item()))lua",
                           "1\n2\n"},
                    Script{"SegmentReduce", R"lua(
            local x = torch.ones(4)
            refused(torch.segment_reduce, x, "sum", {lengths = int {40}, unsafe = true})
            refused(torch.segment_reduce, x, "sum", {offsets = int {0, 4000}})
            refused(torch.segment_reduce, x, "sum", {offsets = int {-100, 4}})
            refused(torch.segment_reduce, x, "sum", {offsets = int {0, 3000, 4}})
            print(torch.segment_reduce(x, "sum", {offsets = int {0, 1, 4}})[1]:item()))lua",
                           "offsets: expected values from 0 to 4, got 4000"},
                    Script{"RandomisedRelu", R"lua(
            local one, all = torch.rand {1}:expand {1000, 1000}, torch.rand {1000, 1000}
            refused(torch.rrelu_with_noise, all, one, .1, .3, true)
            refused(torch.rrelu_with_noise_, all, one, .1, .3, true)
            print(torch.rrelu_with_noise(-all, all, .5, .5, true):numel()))lua",
                           "noise: expected a contiguous tensor"},
                    Script{"CtcLoss", R"lua(
            local p = torch.rand(5, 1, 4):log_softmax(-1)
            refused(torch.ctc_loss, p, int {{1e8, 1}}, int {5}, int {2})
            refused(torch.ctc_loss, p, int {{-1e8, 1}}, {5}, {2})
            print(torch.ctc_loss(p, int {{3, 1}}, int {5}, int {2}):item() > 0))lua",
                           "targets: expected values from 0 to 3, got 100000000"},
                    Script{"FractionalPool", R"lua(
            local image, cube = torch.rand(1, 1, 6, 6), torch.rand(1, 1, 6, 6, 6)
            for _, value in ipairs {1e9, -1e9, 0 / 0, 1} do
              local samples = torch.zeros(1, 1, 3) + value
              refused(torch.fractional_max_pool2d, image, 2, 3, samples:narrow(2, 0, 2))
              refused(torch.fractional_max_pool3d, cube, 2, 3, samples)
            end)lua",
                           "random_samples: expected values >= 0 and < 1"},
                    Script{"EmbeddingBag", R"lua(
            local w, i = torch.rand(4, 8), int {1, 2, 3}
            refused(torch.embedding_bag, w, i, int {0, -5})
            refused(torch.embedding_bag, w, i, int {0, 3, 1})
            refused(torch.embedding_bag, w, i, int {}, {include_last_offset = true})
            refused(torch.embedding_bag, w, int {{0}}, int {{0}}, {include_last_offset = true})
            print((torch.embedding_bag(w, i, int {0, 1}))))lua",
                           "offsets: expected values from 0 to 3, got -5"},
                    Script{"LuSolve", R"lua(
            local pivots = torch.tensor({1000, 1, 2}, {dtype = "int32"})
            refused(torch.lu_solve, torch.rand(3, 1), torch.rand(3, 3), pivots))lua",
                           "LU_pivots: expected values from 1 to 3, got 1000"},
                    Script{"BatchNorm", R"lua(
            local x, one = torch.rand(2, 4, 3), torch.rand(1)
            refused(torch.native_batch_norm, x, one, one, one, one, true, .1, 1e-5)
            refused(torch.batch_norm_update_stats, x, one, one, .1))lua",
                           "expected one value per channel (4), got Tensor float32 [1]"},
                    Script{"RecurrentWeights", R"lua(
            local x, h = torch.rand(3, 2, 4), torch.rand(1, 2, 5)
            local function call(name, states, rows)
              return torch[name](x, states, {torch.rand(rows, 4), torch.rand(rows, 5)},
                                 false, 1, 0, false, false, false)
            end
            refused(call, "lstm", {h, h}, 5)
            refused(call, "gru", h, 4)
            print(#call("gru", h, 15).shape, #call("lstm", {h, h}, 20).shape))lua",
                           "params: expected shape [20, 4], got Tensor float32 [5, 4]"},
                    Script{"RecurrentShapes", R"lua(
            local h, w = torch.rand(1, 2, 5), {torch.rand(20, 4), torch.rand(20, 5)}
            local function lstm(x, states)
              return torch.lstm(x, states, w, false, 1, 0, false, false, false)
            end
            local function packed(x, sizes, state)
              return torch.lstm(x, sizes, {state, state}, w, false, 1, 0, false, false)
            end
            refused(lstm, torch.rand(3, 2, 9), {h, h})
            refused(lstm, torch.rand(3, 2, 4), {torch.rand(1, 7, 5), h})
            local three = torch.rand(1, 3, 5)
            refused(packed, torch.rand(0, 4), int {}, three)
            refused(packed, torch.rand(6, 4), int {3, 2, 1}, h)
            refused(packed, torch.rand(6, 4), int {1, 2, 3}, three)
            local packed = packed(torch.rand(6, 4), int {3, 2, 1}, three)
            print(packed.shape[1], packed.shape[2]))lua",
                           "6\t5\n"},
                    Script{"KernelSizes", R"lua(
            local x, w = torch.rand(1, 2, 3, 3), torch.rand(2, 2, 3, 3)
            refused(torch.slow_conv_transpose2d, x, w, {30, 3})
            local cube, weight = torch.rand(1, 2, 6, 6, 6), torch.rand(2, 2, 3, 3, 3)
            refused(torch.slow_conv3d, cube, weight, {5, 5, 5})
            print(torch.slow_conv3d(cube, weight, {3, 3, 3}).shape[3]))lua",
                           "kernel_size: expected the kernel size of 'weight'"},
                    Script{"LdlPivots", R"lua(
            for _, pivots in ipairs {{-3, -2, -3}, {1, 2, -3}, {0, 1, 2}, {9, 1, 2}} do
              local given = torch.tensor(pivots, {dtype = "int32"})
              refused(torch.linalg_ldl_solve, torch.rand(3, 3), given, torch.rand(3, 1))
            end
            local x = torch.rand(3, 3)
            local ld, pivots = torch.linalg_ldl_factor(x + x:t())
            torch.linalg_ldl_solve(ld, pivots, torch.rand(3, 1)))lua",
                           "must occur twice in a row"},
                    Script{"SmallestIntegerDivided", R"lua(
            for dtype, smallest in pairs {int64 = -2 ^ 63, int32 = -2 ^ 31, int8 = -128} do
              local x = torch.full({8}, smallest, {dtype = dtype})
              for _, mode in ipairs {"trunc", "floor"} do
                refused(torch.div, x, -1, {rounding_mode = mode})
                refused(torch.div, x, torch.full_like(x, -1), {rounding_mode = mode})
              end
              pcall(function() return x % -1 end)
              for _, name in ipairs {"remainder", "fmod", "floor_divide", "true_divide", "gcd"} do
                pcall(torch[name], x, torch.full_like(x, -1))
              end
            end)lua",
                           "the smallest int64 value divided by -1 overflows"},
                    Script{"RangeOfIntegers", R"lua(
            refused(torch.range, 0, 10, 0.5, {dtype = "int64"})
            refused(torch.range, 0, 10, 0.5, {out = int {1}})
            refused(torch.range, 10, 0, -1e-3, {dtype = "int32"})
            print(torch.range(0, 6, 2, {dtype = "int64"}):sum(), #torch.range(0, 1, .5)))lua",
                           "step: expected an absolute value of at least 1 for int64, got 0.5"},
                    Script{"InnerOperators", R"lua(
            refused(function() return torch._reshape_alias(torch.ones(1), {1e6}, {1}):sum() end)
            refused(torch._fused_sgd, {torch.ones(1)}, {torch.ones(9)}, {torch.ones(9)})
            refused(torch._embedding_bag, torch.rand(4, 8), int {1}, int {0, -5})
            print(#{torch._unique2(int {1, 1})}))lua",
                           "cannot be called from Lua"},
                    Script{"PointersKeepMemory", R"lua(
            local function fill() for _ = 1, 20 do collectgarbage() torch.zeros(1e6) end end
            local q = torch.full({1e6}, 3.5):data() + 10
            fill()
            print(q[0], q[1000] == 3.5)
            local x = torch.full({1000}, 2.5)
            local p = x:data()
            refused(x.resize_, x, 1e6)
            x:set_(torch.zeros(1))
            fill()
            print(p[999]))lua",
                           "resiz"}),
    name_of);

/// x:gsub() would ask the scripts' table `string`; the prelude says string.gsub(x), which is its
/// own.
TEST(Prelude, CallsNoMethodsOfStrings) {
    const std::regex method(
        R"(:(gsub|match|gmatch|find|format|rep|lower|upper|byte|reverse)\s*[("'\[])");
    int files = 0;
    for (const auto& entry :
         std::filesystem::directory_iterator(HFC_SCRIPTS "/../bindings/prelude")) {
        ++files;
        std::smatch found;
        const std::string text = read_text(entry.path());
        EXPECT_FALSE(std::regex_search(text, found, method)) << entry.path() << ": " << found.str();
    }
    EXPECT_GT(files, 10);
}

}  // namespace
}  // namespace hfc::test
