// The presets of scripts/ are those of docs/settings.md, and its quotations are in the paper.
#include "process.h"

#include <gmock/gmock.h>

#include <filesystem>
#include <map>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

namespace hfc::test {
namespace {

namespace fs = std::filesystem;

struct Setting {
    std::string script, option, paper, quotation, code;
};

std::string without_spaces_at_ends(const std::string& text) {
    const auto first = text.find_first_not_of(' ');
    return first == std::string::npos ? ""
                                      : text.substr(first, text.find_last_not_of(' ') - first + 1);
}

std::vector<Setting> settings_of_page() {
    std::vector<Setting> settings;
    std::istringstream lines(read_text(HFC_SCRIPTS "/../docs/settings.md"));
    for (std::string line; std::getline(lines, line);) {
        std::vector<std::string> cells;
        std::istringstream row(line);
        for (std::string cell; std::getline(row, cell, '|');) {
            cells.push_back(without_spaces_at_ends(cell));
        }
        if (cells.size() == 7 && fs::exists(HFC_SCRIPTS "/" + cells[1] + ".lua")) {
            settings.push_back({cells[1], cells[2], cells[3], cells[4], cells[5]});
        }
    }
    return settings;
}

/// The options of a script's help: "default" and each preset -> option -> value.
using Values = std::map<std::string, std::map<std::string, std::string>>;

Values values_of(const std::string& script) {
    const auto help = run({HFC_SCRIPTS "/" + script + ".lua", "--help"}).out;
    Values values;
    std::istringstream lines(help);
    for (std::string line; std::getline(lines, line);) {
        std::istringstream words(line);
        std::string first, name;
        words >> first;
        if (first == "--preset" && words >> name) {
            for (std::string option, value; words >> option >> value;) {
                values[name][option.substr(2)] = value;
            }
        } else if (first.starts_with("--") && line.ends_with(")")) {
            const auto open = line.rfind('(');
            values["default"][first.substr(2)] = line.substr(open + 1, line.size() - open - 2);
        }
    }
    return values;
}

TEST(Settings, PresetsAreThoseOfThePage) {
    const auto settings = settings_of_page();
    ASSERT_GE(settings.size(), 30U);
    std::map<std::string, Values> known;
    for (const auto& setting : settings) {
        auto& values = known[setting.script];
        if (values.empty()) {
            values = values_of(setting.script);
        }
        for (const auto& [preset, expected] :
             {std::pair("paper", setting.paper), std::pair("code", setting.code)}) {
            if (expected == "-") {
                continue;
            }
            SCOPED_TRACE(setting.script + ", " + preset + ", " + setting.option);
            ASSERT_TRUE(values.contains(preset));
            const auto& own = values.at(preset);
            const auto found = own.find(setting.option);
            EXPECT_EQ(found != own.end() ? found->second : values["default"][setting.option],
                      expected);
        }
    }
}

std::string with_single_spaces(const std::string& text) {
    std::string result;
    for (const char c : text) {
        const bool space = c == ' ' || c == '\n';
        if (!space || (!result.empty() && result.back() != ' ')) {
            result += space ? ' ' : c;
        }
    }
    return result;
}

TEST(Settings, QuotationsAreInThePaper) {
    const std::string file = HFC_SHARED "/papers/hfc-arxiv-with-appendix.txt";
    if (!fs::exists(file)) {
        GTEST_SKIP() << "needs the text of the paper in the shared folder";
    }
    const auto paper = with_single_spaces(read_text(file));
    for (const auto& setting : settings_of_page()) {
        if (setting.quotation != "-") {
            ASSERT_GT(setting.quotation.size(), 2U);
            EXPECT_NE(paper.find(setting.quotation.substr(1, setting.quotation.size() - 2)),
                      std::string::npos)
                << setting.script << ": " << setting.quotation;
        }
    }
}

}  // namespace
}  // namespace hfc::test
