// What is generated from the registry of documentation (docs/reference, stubs), and the examples,
// which must run.
#include "pages.h"
#include "process.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

namespace hfc::test {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

const fs::path docs = source_folder() / "docs";

std::map<std::string, std::string> files_of(const fs::path& folder) {
    std::map<std::string, std::string> files;
    for (const auto& entry : fs::directory_iterator(folder)) {
        files[entry.path().filename().string()] = read_text(entry.path());
    }
    return files;
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
    EXPECT_THAT(result.err, HasSubstr("cannot create the directory '/dev/null/reference'"));
}

}  // namespace
}  // namespace hfc::test
