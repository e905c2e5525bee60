// The README and the pages of docs/: their Lua runs and prints what they show, their commands,
// options and links exist.
#include "pages.h"

#include "process.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cctype>
#include <map>
#include <regex>
#include <set>
#include <sstream>

namespace hfc::test {

namespace fs = std::filesystem;

fs::path source_folder() {
    return fs::path(HFC_SCRIPTS).parent_path();
}

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

namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

std::vector<fs::path> all_pages() {
    std::vector<fs::path> pages = {source_folder() / "README.md",
                                   source_folder() / "CONTRIBUTING.md"};
    for (const auto& entry : fs::directory_iterator(source_folder() / "docs")) {
        if (entry.path().extension() == ".md") {
            pages.push_back(entry.path());
        }
    }
    return pages;
}

struct CodePage {
    const char* name;
    const char* before;  ///< what a reader of the page has typed already
};

/// Else GoogleTest lists the bytes of each parameter.
void PrintTo(const CodePage& page, std::ostream* out) {
    *out << page.name;
}

/// All blocks of Lua are typed at one prompt; what a block of text below one shows must be printed
/// by it.
class Page : public testing::TestWithParam<CodePage> {};

INSTANTIATE_TEST_SUITE_P(, Page,
                         testing::Values(CodePage{"README", ""}, CodePage{"docs/tutorial", ""},
                                         CodePage{"docs/pytorch", ""}, CodePage{"docs/api", ""},
                                         CodePage{"docs/sweeps", ""},
                                         CodePage{"docs/formats", "run = hfc.run('own', {})\n"},
                                         CodePage{"docs/clusters",
                                                  "settings = {3}\nfunction train_one(setting) "
                                                  "print('setting', setting) end\n"}),
                         [](const auto& page) {
                             return fs::path(page.param.name).filename().string();
                         });

TEST_P(Page, RunsBlockByBlockAndPrintsWhatItSays) {
    const ScratchFolder scratch;
    const auto text = read_text(source_folder() / (GetParam().name + std::string(".md")));
    std::string input = GetParam().before;
    for (const auto& block : blocks_of(text, "lua")) {
        input += block;
    }
    ASSERT_NE(input, GetParam().before);
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

TEST(Pages, AllTheirLuaIsLua) {
    const ScratchFolder scratch;
    std::string script = "local function check(name, text) assert(load(text, '=' .. name)) end\n";
    size_t count = 0;
    for (const auto& page : all_pages()) {
        if (page.stem() == "tutorial" || page.stem() == "pytorch") {
            continue;  // at the prompt a value alone is a line too; Page types them
        }
        for (const auto& block : blocks_of(read_text(page), "lua")) {
            script += "check('" + page.filename().string() + "', [==[" + block + "]==])\n";
            ++count;
        }
    }
    EXPECT_GT(count, 10U);
    const auto result = run({scratch.write("check.lua", script)}, {.folder = scratch.path()});
    EXPECT_EQ(result.status, 0) << result.err;
}

/// "## What was tested" -> "what-was-tested", as Markdown viewers name it.
std::string anchor_of(const std::string& heading) {
    std::string anchor;
    for (const char letter : heading.substr(heading.find_first_not_of("# "))) {
        const auto byte = static_cast<unsigned char>(letter);
        if (letter == ' ') {
            anchor += '-';
        } else if (std::isalnum(byte) != 0 || letter == '-' || letter == '_') {
            anchor += static_cast<char>(std::tolower(byte));
        }
    }
    return anchor;
}

std::set<std::string> anchors_of(const std::string& text) {
    std::set<std::string> anchors;
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);) {
        if (line.starts_with("#")) {
            anchors.insert(anchor_of(line));
        }
    }
    return anchors;
}

TEST(Pages, AllTheirLinksLeadSomewhere) {
    size_t count = 0;
    const std::regex link(R"(\]\(([^)#:]*)(#[^)]*)?\))");
    for (const auto& page : all_pages()) {
        const auto text = read_text(page);
        for (auto found = std::sregex_iterator(text.begin(), text.end(), link);
             found != std::sregex_iterator(); ++found) {
            const auto target =
                (*found)[1].length() == 0 ? page : page.parent_path() / (*found)[1].str();
            ASSERT_TRUE(fs::exists(target)) << page << ": " << found->str();
            if ((*found)[2].length() > 1) {
                EXPECT_EQ(anchors_of(read_text(target)).count((*found)[2].str().substr(1)), 1U)
                    << page << ": " << found->str();
            }
            ++count;
        }
    }
    EXPECT_GT(count, 50U);
}

using Words = std::vector<std::string>;

/// The commands of the page's shell blocks, without comments; a command may go on after "\".
std::vector<Words> commands_of(const std::string& text) {
    std::vector<Words> commands;
    for (const auto& block : blocks_of(text, "sh")) {
        std::istringstream lines(std::regex_replace(block, std::regex("\\\\\n"), " "));
        for (std::string line; std::getline(lines, line);) {
            std::istringstream words(std::regex_replace(line, std::regex("(^|\\s)#.*$|[\"']"), ""));
            Words command;
            for (std::string word; words >> word;) {
                command.push_back(word);
            }
            if (!command.empty()) {
                commands.push_back(command);
            }
        }
    }
    return commands;
}

/// The script that the tutorial tells to write.
std::string tutorial_script() {
    const auto text = read_text(source_folder() / "docs/tutorial.md");
    const size_t begin = text.find("script = [[\n");
    const size_t end = text.find("\n]]", begin);
    EXPECT_NE(end, std::string::npos);
    return text.substr(begin + 12, end - begin - 11);
}

class Commands : public testing::Test {
  protected:
    const std::string& help(Words words) {
        words.emplace_back("--help");
        std::string key;
        for (const auto& word : words) {
            key += word + " ";
        }
        if (!helps_.contains(key)) {
            const auto result = run(words, {.folder = scratch_.path()});
            EXPECT_EQ(result.status, 0) << key << result.err;
            helps_[key] = result.out;
        }
        return helps_[key];
    }

    /// What `hfc-host WORDS` may be told: by the host, a command and a script.
    std::string help_of(const Words& words) {
        static const std::set<std::string> named = {"sweep", "compare", "report", "export",
                                                    "microscope"};
        std::string text = help({});
        if (!words.empty() && named.contains(words[0])) {
            text += help({words[0]});
        }
        for (const auto& word : words) {
            if (word == "mine.lua") {
                text += help({scratch_.write("mine.lua", tutorial_script())});
            } else if (word.ends_with(".lua") && fs::exists(source_folder() / word)) {
                text += help({source_folder() / word});
            }
        }
        return text;
    }

    /// Every option of the command is in the help, and so is the name of a preset.
    void check_options(const Words& words, const std::string& page) {
        const auto text = help_of(words);
        for (size_t i = 0; i < words.size(); ++i) {
            if (!words[i].starts_with("--")) {
                continue;
            }
            const auto name = words[i].substr(0, words[i].find('='));
            EXPECT_TRUE(std::regex_search(text, std::regex("(^|[\\s,])" + name + "(?![\\w.-])")))
                << page << ": no help names " << name;
            if (name == "--preset") {
                EXPECT_THAT(text, HasSubstr(words.at(i + 1))) << page;
            }
        }
    }

    void check(const Words& command, const std::string& page) {
        for (const auto& word : command) {
            if (std::regex_search(word, std::regex("^(tools|scripts|bench)/[\\w./]+$"))) {
                EXPECT_TRUE(fs::exists(source_folder() / word)) << page << ": " << word;
            }
        }
        const auto host = std::ranges::find_if(command, [](const std::string& word) {
            return word == "hfc-host" || word == "tools/run";
        });
        if (host != command.end()) {
            check_options(Words(host + 1, command.end()), page);
            ++count_;
        } else if (command.size() > 2 && command[1] == "--preset") {
            EXPECT_THAT(read_text(source_folder() / "CMakePresets.json"),
                        HasSubstr("\"name\": \"" + command[2] + "\""));
        }
    }

    const ScratchFolder scratch_;
    std::map<std::string, std::string> helps_;
    size_t count_ = 0;
};

TEST_F(Commands, OfAllPagesExistWithTheirOptions) {
    for (const auto& page : all_pages()) {
        for (const auto& command : commands_of(read_text(page))) {
            check(command, page.filename().string());
        }
    }
    EXPECT_GT(count_, 40U);
}

TEST_F(Commands, InTheTextOfTheReadmeExist) {
    const auto text = read_text(source_folder() / "README.md");
    const auto known = help_of({"scripts/shuffled_labels.lua"}) + help({"sweep"}) +
                       read_text(source_folder() / "tools/setup");
    const std::regex option("`[^`\n]*(--[a-z][\\w-]*)[^`\n]*`");
    size_t count = 0;
    for (auto found = std::sregex_iterator(text.begin(), text.end(), option);
         found != std::sregex_iterator(); ++found) {
        EXPECT_THAT(known, HasSubstr((*found)[1].str()));
        ++count;
    }
    EXPECT_GT(count, 2U);
    const std::regex row("\n\\| `(\\w+)` \\|");
    std::set<std::string> scripts;
    for (auto found = std::sregex_iterator(text.begin(), text.end(), row);
         found != std::sregex_iterator(); ++found) {
        EXPECT_TRUE(fs::exists(source_folder() / "scripts" / ((*found)[1].str() + ".lua")))
            << found->str();
        scripts.insert((*found)[1]);
    }
    EXPECT_EQ(scripts.size(), 5U);
}

/// The README's sweep for real, without the runs.
TEST_F(Commands, OfTheReadmeSweepPlansFiveRuns) {
    const auto result =
        run({"sweep", source_folder() / "scripts/batch_size.lua", "--seeds", "5", "--dry-run"},
            {.folder = scratch_.path()});
    EXPECT_EQ(result.status, 0) << result.err;
    EXPECT_THAT(result.out, AllOf(HasSubstr("5 runs with"), HasSubstr("seed_0"),
                                  HasSubstr("seed_4"), Not(HasSubstr("seed_5"))));
}

}  // namespace
}  // namespace hfc::test
