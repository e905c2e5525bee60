// A thousand random inputs at the prompt, which the process must live through.
#include "process.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <random>

namespace hfc::test {
namespace {

// clang-format off
// Lua's words and signs and some bytes that are no text; none that begins a loop without an end.
constexpr std::array words = {
    "local", "function", "end", "if", "then", "else", "return", "for", "in", "do", "nil", "true",
    "false", "not", "and", "or", "(", ")", "{", "}", "[", "]", "=", "==", "~=", "<", "+", "-", "*",
    "/", "^", "%", "..", "#", ",", ";", ":", ".", "...", "\"", "[[", "]]",
    "--", "x", "y", "t", "f", "_", "\xc3\xa4", "\xff", "$", "@", "`", "\\", "~", "hfc",
};

// The API and values for it; none that ends the process or reads its input.
constexpr std::array values = {
    "0", "1", "2", "-1", "0.5", "1e3", "math.huge", "0/0", "nil", "true", "'text'", "''", "{}",
    "{1, 2}", "{radius = 2}", "{dtype = 'int64'}", "print", "pairs", "tostring", "select", "pcall",
    "error", "getmetatable", "help", "apropos", "x", "y", "t", "_", "function(a) return a end",
    "hfc", "torch", "hfc.data", "hfc.data('synthetic', {train = 4, test = 4}).test",
    "hfc.model('preact_resnet8')", "hfc.frequency.split", "hfc.frequency.low_pass", "hfc.memory",
    "hfc.smooth", "hfc.accuracy", "hfc.attack.fgsm", "hfc.attack.fgsm {}", "hfc.decompose.svd",
    "hfc.predict", "hfc.augment", "hfc.spectrum.radial", "hfc.options", "torch.ones(2, 3)",
    "torch.rand(4, 4)", "torch.rand(2, 3, 8, 8)", "torch.tensor {1, 2}", "torch.tensor",
    "torch.conv2d", "torch.cat", "torch.matmul", "torch.nn.Linear(2, 2)", "torch.nn.ReLU",
    "torch.optim.Adam", "torch.no_grad", "torch.unique",
};

constexpr std::array suffixes = {
    ":sum()", ":backward()", ":to('float64')", ":clone()", ":size()", ":tolist()", ":item()",
    ":relu()", "[0]", "[{0, {}}]", ".shape", ".grad", ".nothing", ":nothing()", "()", "{}", " + 1",
    " .. 'a'", " == nil", ":low_pass(2)",
};
// clang-format on

/// A line of the API's values, called and combined, or of anything at all.
std::string random_line(std::mt19937& random) {
    const auto one_of = [&](const auto& list) { return std::string(list[random() % list.size()]); };
    const auto value = [&] { return one_of(values); };
    switch (random() % 6) {
        case 0:
            return "x = " + value();
        case 1:
            return value() + "(" + value() + ", " + value() + ")";
        case 2:
            return "y = (" + value() + ")" + one_of(suffixes);
        case 3:
            return "t = {" + value() + ", " + value() + "} return (t[1])" + one_of(suffixes);
        default: {
            std::string line;
            for (size_t i = 0, count = 1 + random() % 8; i < count; ++i) {
                line += (random() % 2 == 0 ? one_of(words) : value()) + " ";
            }
            return line;
        }
    }
}

TEST(PromptFuzz, AThousandRandomInputsDoNotEndTheProcess) {
    const ScratchFolder scratch;
    std::mt19937 random(20200614);
    std::string input =
        "_saved = {} for key, value in next, _G do _saved[key] = value end\n_count = 0\n";
    for (int i = 0; i < 1000; ++i) {
        // What follows ends an unfinished input, brings back globals that were overwritten, and
        // counts.
        input += random_line(random) +
                 "\n]] \" $ end\nfor key, value in next, _saved do rawset(_G, key, value) "
                 "end\n_count = _count + 1\n";
    }
    input += "print('inputs ' .. _count)\n";
    const auto result = run(
        {"-i"}, {.environment = {"OMP_NUM_THREADS=1"}, .input = input, .folder = scratch.path()});
    EXPECT_EQ(result.status, 0) << result.err.substr(result.err.size() -
                                                     std::min<size_t>(result.err.size(), 2000));
    EXPECT_THAT(result.out, testing::HasSubstr("inputs 1000\n"));
}

}  // namespace
}  // namespace hfc::test
