// A thousand random inputs at the prompt, which the process must live through.
#include "process.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <random>

namespace hfc::test {
namespace {

// Lua's words and signs, the API's names, values; none that ends the process, reads its input or begins a loop without an end.
constexpr std::array tokens = {"local",
                               "function",
                               "end",
                               "if",
                               "then",
                               "else",
                               "return",
                               "for",
                               "in",
                               "do",
                               "nil",
                               "true",
                               "false",
                               "not",
                               "and",
                               "or",
                               "(",
                               ")",
                               "{",
                               "}",
                               "[",
                               "]",
                               "=",
                               "==",
                               "~=",
                               "<",
                               "+",
                               "-",
                               "*",
                               "/",
                               "^",
                               "%",
                               "..",
                               "#",
                               ",",
                               ";",
                               ":",
                               ".",
                               "...",
                               "'text'",
                               "\"",
                               "[[",
                               "]]",
                               "--",
                               "0",
                               "1",
                               "2",
                               "3",
                               "-1",
                               "0.5",
                               "1e3",
                               "x",
                               "y",
                               "t",
                               "_",
                               "f",
                               "print",
                               "pairs",
                               "ipairs",
                               "type",
                               "tostring",
                               "select",
                               "pcall",
                               "error",
                               "setmetatable",
                               "getmetatable",
                               "string.rep('a', 9)",
                               "table.concat",
                               "math.huge",
                               "help",
                               "apropos",
                               "hfc",
                               "torch",
                               "hfc.data",
                               "hfc.data('synthetic', {train = 4, test = 4})",
                               "hfc.model('preact_resnet8')",
                               "hfc.frequency.split",
                               "hfc.frequency.low_pass",
                               "hfc.memory()",
                               "hfc.smooth",
                               "hfc.accuracy",
                               "hfc.attack.fgsm {}",
                               "hfc.decompose.svd",
                               "hfc.predict",
                               "torch.ones(2, 3)",
                               "torch.rand {4, 4}",
                               "torch.tensor {1, 2}",
                               "torch.conv2d",
                               "torch.cat",
                               "torch.matmul",
                               "torch.nn.Linear(2, 2)",
                               "torch.nn.ReLU()",
                               "torch.optim.Adam",
                               "torch.no_grad",
                               ":sum()",
                               ":backward()",
                               ":to('float64')",
                               ":clone()",
                               ":size()",
                               ":tolist()",
                               ":item()",
                               "{dtype = 'int64'}",
                               "{radius = 2}",
                               "[0]",
                               "[{0, {}}]",
                               "\xc3\xa4",
                               "\xff",
                               "$",
                               "@",
                               "`",
                               "\\",
                               "~"};

/// Lines of tokens; most have a form that compiles, so that they do something.
std::string random_line(std::mt19937& random) {
    const auto below = [&](size_t n) { return static_cast<size_t>(random() % n); };
    const auto token = [&] { return std::string(tokens[below(tokens.size())]); };
    constexpr size_t names = 54;
    const auto value = [&] { return std::string(tokens[names + below(tokens.size() - names - 7)]); };
    switch (below(6)) {
        case 0:
            return "x = " + value();
        case 1:
            return value() + "(" + value() + ", " + value() + ")";
        case 2:
            return "y = " + value() + value();
        case 3:
            return "t = {" + value() + ", " + value() + "} t[1]" + value();
        default: {
            std::string line;
            for (size_t i = 0, count = 1 + below(8); i < count; ++i) {
                line += token() + " ";
            }
            return line;
        }
    }
}

TEST(PromptFuzz, AThousandRandomInputsDoNotEndTheProcess) {
    const ScratchFolder scratch;
    std::mt19937 random(20200614);
    std::string input;
    for (int i = 0; i < 1000; ++i) {
        input += random_line(random) + "\n";
        if (i % 10 == 9) {
            // Ends what is unfinished, so that the next lines are read by themselves.
            input += "]] \" $ end\n_G.print = _G._print\n";
        }
    }
    input += "]] \" $ end\n_print('still ' .. 'here')\n";
    const auto result =
        run({"-i", "-e", "_print = print"}, {.environment = {"OMP_NUM_THREADS=1"}, .input = input, .folder = scratch.path()});
    EXPECT_EQ(result.status, 0) << result.err.substr(result.err.size() - std::min<size_t>(result.err.size(), 2000));
    EXPECT_THAT(result.out, testing::HasSubstr("still here"));
}

}  // namespace
}  // namespace hfc::test
