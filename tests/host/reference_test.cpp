// What is generated from the registry of documentation (docs/reference, stubs), and the examples
// and the tutorial, which must run.
#include "process.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <regex>

namespace hfc::test {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

const fs::path docs = fs::path(HFC_SCRIPTS).parent_path() / "docs";

std::map<std::string, std::string> files_of(const fs::path& folder) {
    std::map<std::string, std::string> files;
    for (const auto& entry : fs::directory_iterator(folder)) {
        files[entry.path().filename().string()] = read_text(entry.path());
    }
    return files;
}

/// The texts between "```KIND" and "```".
std::vector<std::string> blocks_of(const std::string& text, const std::string& kind) {
    std::vector<std::string> blocks;
    const std::string begin = "\n```" + kind + "\n";
    for (size_t found = text.find(begin); found != std::string::npos;
         found = text.find(begin, found + 1)) {
        const size_t start = found + begin.size();
        blocks.push_back(text.substr(start, text.find("\n```", start) - start + 1));
    }
    return blocks;
}

TEST(Reference, IsNotStale) {
    const ScratchFolder scratch;
    const auto written = run({"--write-docs", scratch.path() / "reference"});
    ASSERT_EQ(written.status, 0) << written.err;
    const auto now = files_of(scratch.path() / "reference");
    const auto committed = files_of(docs / "reference");
    EXPECT_EQ(now.size(), committed.size());
    for (const auto& [name, text] : now) {
        const auto found = committed.find(name);
        EXPECT_TRUE(found != committed.end() && found->second == text)
            << "docs/reference/" << name << " is stale; run: hfc-host --write-docs docs/reference";
    }
}

TEST(Reference, ItsExamplesRun) {
    const ScratchFolder scratch;
    size_t count = 0;
    std::string script =
        "local function run(name, text)\n  local chunk = assert(load(text, '=' .. name))\n"
        "  assert(pcall(setfenv(chunk, setmetatable({}, {__index = _G}))))\nend\n";
    std::map<std::string, bool> seen;
    for (const auto& [name, text] : files_of(docs / "reference")) {
        for (const auto& block : blocks_of(text, "lua")) {
            if (seen.emplace(block, true).second) {
                script += "run('" + name + "', [==[" + block + "]==])\n";
                ++count;
            }
        }
    }
    EXPECT_GT(count, 40);
    const auto result = run({scratch.write("examples.lua", script)},
                            {.environment = {"OMP_NUM_THREADS=1"}, .folder = scratch.path()});
    EXPECT_EQ(result.status, 0) << result.err;
}

TEST(Reference, StubsHoldEveryFunctionAndAreLua) {
    const ScratchFolder scratch;
    const auto folder = scratch.path() / "stubs";
    const auto written = run({"--write-stubs", folder});
    ASSERT_EQ(written.status, 0) << written.err;
    const auto stubs = read_text(folder / "hfc.lua");
    EXPECT_THAT(stubs, HasSubstr("---@param options? {radius?: any, rule?: "
                                 "string}|table\n---@return Tensor\n---@return Tensor\n"
                                 "function hfc.frequency.split(x, options) end"));
    EXPECT_THAT(stubs, HasSubstr("function Dataset:low_pass(radius, options) end"));
    EXPECT_THAT(read_text(folder / "operators.lua"), HasSubstr("function torch.conv2d(...) end"));
    EXPECT_THAT(read_text(folder / "operators.lua"), HasSubstr("function Tensor:relu(...) end"));
    const auto parsed = run({"-e", "for i = 1, 2 do assert(loadfile(arg[i])) end",
                             folder / "hfc.lua", folder / "operators.lua"});
    EXPECT_EQ(parsed.status, 0) << parsed.err;
}

TEST(Reference, AFolderThatCannotBeMadeIsAnError) {
    const auto result = run({"--write-docs", "/dev/null/reference"});
    EXPECT_EQ(result.status, 2);
    EXPECT_THAT(result.err, HasSubstr("cannot make the folder '/dev/null/reference'"));
}

/// All blocks of Lua are typed at one prompt; what a block of text below one shows must be printed
/// by it.
class Page : public testing::TestWithParam<const char*> {};

INSTANTIATE_TEST_SUITE_P(, Page, testing::Values("tutorial", "pytorch"),
                         [](const auto& page) { return std::string(page.param); });

TEST_P(Page, RunsBlockByBlockAndPrintsWhatItSays) {
    const ScratchFolder scratch;
    const auto text = read_text(docs / (GetParam() + std::string(".md")));
    std::string input;
    for (const auto& block : blocks_of(text, "lua")) {
        input += block;
    }
    const auto result =
        run({"-i", "--device", "cpu"},
            {.environment = {"OMP_NUM_THREADS=1"}, .input = input, .folder = scratch.path()});
    EXPECT_EQ(result.status, 0);
    EXPECT_EQ(std::regex_replace(result.err, std::regex("[^\n]*epoch [^\n]*\n"), ""), "");
    size_t from = 0;
    for (const auto& shown : blocks_of(text, "text")) {
        const size_t found = result.out.find(shown, from);
        EXPECT_NE(found, std::string::npos) << "the page says, but is not printed:\n"
                                            << shown << "what was printed:\n"
                                            << result.out;
        from = found == std::string::npos ? from : found + shown.size();
    }
}

}  // namespace
}  // namespace hfc::test
