// What the host adds to LuaJIT's messages, and --check.
#include "process.h"

#include <gmock/gmock.h>

namespace hfc::test {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

TEST(Hints, ComparingATensorWithANumber) {
    const auto result = run({"-e", "local x = torch.ones(2)\nprint(x > 0)"});
    EXPECT_EQ(result.status, 1);
    EXPECT_THAT(result.err, AllOf(HasSubstr("attempt to compare"), HasSubstr("x:gt(y)")));
}

TEST(Hints, PythonsOperators) {
    const std::pair<const char*, const char*> cases[] = {{"print(x & y)", "x:logical_and(y)"},
                                                         {"print(x | y)", "x:logical_or(y)"},
                                                         {"print(x @ y)", "torch.matmul(x, y)"},
                                                         {"print(x != y)", "write ~="},
                                                         {"print(x // y)", "x:floor_divide(y)"}};
    for (const auto& [chunk, hint] : cases) {
        const auto result = run({"-e", chunk});
        EXPECT_EQ(result.status, 1) << chunk;
        EXPECT_THAT(result.err, HasSubstr(hint)) << chunk;
    }
}

TEST(Hints, StandAlsoAtThePrompt) {
    EXPECT_THAT(run({"-i"}, {.input = "x & y\n"}).err, HasSubstr("x:logical_and(y)"));
}

TEST(Hints, OtherErrorsHaveNone) {
    EXPECT_THAT(run({"-e", "error('attempt to compare apples')"}).err, Not(HasSubstr("x:gt(y)")));
}

class Check : public testing::Test {
  protected:
    Result check(const std::string& script) {
        return run({"--check", scratch_.write("script.lua", script)});
    }
    ScratchFolder scratch_;
};

TEST_F(Check, WarnsOfTensorsComparedByEquality) {
    const auto result = check(
        "local labels = torch.arange(3)\n"
        "if labels[0] == 2 then print(1) end\n"
        "print(torch.argmax(labels, 0) ~= labels)\n"
        "print(labels:eq(2):sum() == 1)\n");
    EXPECT_EQ(result.status, 1);
    for (const char* line : {"script.lua:2: ", "script.lua:3: ", "script.lua:4: "}) {
        EXPECT_THAT(result.err, HasSubstr(line));
    }
    EXPECT_THAT(result.err, HasSubstr("x:eq(y)"));
}

TEST_F(Check, WarnsOfTensorsAsConditions) {
    const auto result = check(
        "local x = torch.ones(2)\n"
        "if x:eq(1):all() then print(1) end\n"
        "while not torch.any(x) do break end\n");
    EXPECT_EQ(result.status, 1);
    EXPECT_THAT(result.err, AllOf(HasSubstr("script.lua:2: "), HasSubstr("script.lua:3: ")));
}

TEST_F(Check, IsSilentAboutWhatIsMeant) {
    const auto result = check(
        "#!/usr/bin/env hfc-host\n"
        "local x, names = torch.ones(2), {'==' }  -- x == 1\n"
        "local y = torch.ones(2) local z\n"
        "if y:sum():item() == 2 and y.grad == nil and y ~= nil then print [[y == 1]] end\n"
        "if y.grad then print(y.dtype == 'float32', y:size(0) == 2, #names == 1) end\n"
        "local function f(y) return y == 1 end\n"
        "for i, y in ipairs {1} do print(y == i) end\n"
        "z = 1 z = torch.ones(1) print(z == 1, x:numel() == 2, torch.equal(y, y) == true)\n");
    EXPECT_EQ(result.status, 0) << result.err;
    EXPECT_THAT(result.err, IsEmpty());
}

TEST_F(Check, TellsOfWrongSyntax) {
    const auto result = check("local x = (1\nprint(x\n");
    EXPECT_EQ(result.status, 1);
    EXPECT_THAT(result.err, HasSubstr("script.lua:2: "));
}

}  // namespace
}  // namespace hfc::test
