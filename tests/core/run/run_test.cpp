#include "run/run.h"

#include "base/utf8.h"
#include "scratch.h"

#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cmath>
#include <fstream>
#include <limits>

namespace hfc::run {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::MatchesRegex;
using ::testing::StartsWith;

class RunTest : public Scratch {
  protected:
    RunOptions options_in(const std::string& name) const {
        RunOptions options;
        options.out = folder_ / name;
        return options;
    }

    std::vector<Json> events_of(const run::Run& run) const {
        std::vector<Json> events;
        std::istringstream lines(text_of(run.directory() / "metrics.jsonl"));
        for (std::string line; std::getline(lines, line);) {
            events.push_back(Json::parse(line));
        }
        return events;
    }
};

// Files may not grow past a size: the writes of a full disk, without one.
class FileSizeLimit {
  public:
    explicit FileSizeLimit(rlim_t bytes) {
        ::getrlimit(RLIMIT_FSIZE, &before_);
        handler_ = ::signal(SIGXFSZ, SIG_IGN);
        const rlimit limit = {bytes, before_.rlim_max};
        EXPECT_EQ(::setrlimit(RLIMIT_FSIZE, &limit), 0);
    }
    ~FileSizeLimit() {
        ::setrlimit(RLIMIT_FSIZE, &before_);
        ::signal(SIGXFSZ, handler_);
    }
    FileSizeLimit(const FileSizeLimit&) = delete;
    FileSizeLimit& operator=(const FileSizeLimit&) = delete;

  private:
    rlimit before_ = {};
    sighandler_t handler_ = SIG_DFL;
};

// Root may write everywhere; tests of permissions need somebody who may not.
class NobodyElse {
  public:
    NobodyElse() : root_(::geteuid() == 0) {
        if (root_) {
            EXPECT_EQ(::seteuid(65534), 0);
        }
    }
    ~NobodyElse() {
        if (root_) {
            EXPECT_EQ(::seteuid(0), 0);
        }
    }
    NobodyElse(const NobodyElse&) = delete;
    NobodyElse& operator=(const NobodyElse&) = delete;

  private:
    bool root_;
};

class WorkingDirectory {
  public:
    explicit WorkingDirectory(const std::filesystem::path& path) {
        std::filesystem::current_path(path);
    }
    ~WorkingDirectory() { std::filesystem::current_path(before_); }
    WorkingDirectory(const WorkingDirectory&) = delete;
    WorkingDirectory& operator=(const WorkingDirectory&) = delete;

  private:
    std::filesystem::path before_ = std::filesystem::current_path();
};

TEST_F(RunTest, holds_config_script_and_an_empty_log) {
    std::ofstream(folder_ / "my script.lua") << "return 1\n";
    auto options = options_in("deep/er/run");
    options.script = folder_ / "my script.lua";
    options.config = {{"seed", 3}, {"nested", {{"radii", {4, 8}}}}};
    const run::Run run(options);
    EXPECT_EQ(run.directory(), folder_ / "deep/er/run");
    EXPECT_THAT(names_in(run.directory()),
                ElementsAre("config.json", "metrics.jsonl", "script.lua"));
    EXPECT_EQ(Json::parse(text_of(run.directory() / "config.json")), options.config);
    EXPECT_EQ(text_of(run.directory() / "script.lua"), "return 1\n");
    EXPECT_EQ(text_of(run.directory() / "metrics.jsonl"), "");
}

TEST_F(RunTest, default_directory_is_named_after_experiment_and_time_and_never_reused) {
    const WorkingDirectory here(folder_);
    RunOptions options;
    options.name = "shuffled_labels";
    const run::Run first(options);
    const run::Run second(options);
    const run::Run third(options);
    EXPECT_THAT(first.directory().string(), MatchesRegex("runs/shuffled_labels-[0-9]{8}-[0-9]{6}"));
    EXPECT_NE(first.directory(), second.directory());
    EXPECT_NE(second.directory(), third.directory());
    EXPECT_THAT(names_in("runs"), ::testing::SizeIs(3));
}

TEST_F(RunTest, takes_an_empty_directory_but_no_other) {
    std::filesystem::create_directory(folder_ / "empty");
    const run::Run run(options_in("empty"));
    EXPECT_THAT(error_of([&] { const run::Run again(options_in("empty")); }),
                AllOf(HasSubstr((folder_ / "empty").string()),
                      HasSubstr("is not empty (it contains '"), HasSubstr("never overwritten")));
    std::ofstream(folder_ / "file") << "x";
    EXPECT_THAT(error_of([&] { const run::Run other(options_in("file")); }),
                HasSubstr("is a file"));
    EXPECT_EQ(text_of(folder_ / "file"), "x");
}

TEST_F(RunTest, unwritable_directory_leaves_nothing_behind) {
    const NobodyElse nobody;
    if (::access(folder_.c_str(), W_OK) == 0 && ::geteuid() != 65534) {
        std::filesystem::permissions(
            folder_, std::filesystem::perms::owner_read | std::filesystem::perms::owner_exec);
    }
    EXPECT_THAT(error_of([&] { const run::Run run(options_in("a/b")); }),
                AllOf(HasSubstr((folder_ / "a").string()), EndsWith("Permission denied")));
    std::error_code ignored;
    EXPECT_FALSE(std::filesystem::exists(folder_ / "a", ignored));
}

TEST_F(RunTest, failed_constructor_takes_back_what_it_made) {
    auto options = options_in("a/b");
    options.config = {{"text", std::string(100, 'x')}};
    {
        const FileSizeLimit full(20);
        EXPECT_THAT(error_of([&] { const run::Run run(options); }), HasSubstr("config.json"));
    }
    EXPECT_THAT(names_in(folder_), IsEmpty());

    // A folder that was there before stays.
    std::filesystem::create_directory(folder_ / "mine");
    options.out = folder_ / "mine" / "run";
    {
        const FileSizeLimit full(20);
        EXPECT_THROW(const run::Run run(options), Error);
    }
    EXPECT_THAT(names_in(folder_), ElementsAre("mine"));
    EXPECT_THAT(names_in(folder_ / "mine"), IsEmpty());
}

TEST_F(RunTest, missing_script_makes_no_directory) {
    auto options = options_in("run");
    options.script = folder_ / "none.lua";
    EXPECT_THAT(error_of([&] { const run::Run run(options); }), HasSubstr("none.lua"));
    EXPECT_THAT(names_in(folder_), IsEmpty());
}

TEST_F(RunTest, rejects_names_that_are_no_file_names) {
    RunOptions options;
    for (const std::string name : {"", "../up", "a/b", ".hidden", "a\nb", "a|b", "\xC3\xA4"}) {
        options.name = name;
        EXPECT_THAT(error_of([&] { const run::Run run(options); }),
                    StartsWith("the experiment's name m"));
    }
    EXPECT_THAT(error_of([] { check_name("the name", "a/b"); }),
                "the name may contain only letters, digits, spaces, '.', '_' and '-', got 'a/b'");
    EXPECT_THAT(error_of([] { check_name("the name", ".x"); }),
                "the name must not start with a dot, got '.x'");
    EXPECT_THAT(error_of([] { check_name("the name", std::string(201, 'x')); }),
                HasSubstr("at most 200 bytes long, got 201"));
    EXPECT_THAT(error_of([] { check_name("the name", std::string("a\0b", 3)); }),
                HasSubstr("may contain only"));
    EXPECT_NO_THROW(check_name("the name", "Table 2_a-b.c"));
    run::Run run(options_in("run"));
    EXPECT_THAT(error_of([&] { run.row("a/b", {{"x", 1}}); }), StartsWith("the table's name"));
    EXPECT_THAT(error_of([&] { run.plot("..", {}); }), StartsWith("the figure's name"));
}

TEST_F(RunTest, events_parse_back_line_by_line_while_the_run_goes_on) {
    run::Run run(options_in("run"));
    run.log({{"series", "natural"},
             {"epoch", 1},
             {"accuracy", {{"train", 0.5}, {"train low r=4", 0.25}}}});
    run.log({{"text", "a \"quoted\"\nline and \xCF\xB5"}});
    const auto events = events_of(run);
    ASSERT_EQ(events.size(), 2U);
    EXPECT_EQ(events[0]["series"], "natural");
    EXPECT_EQ(events[0]["accuracy"]["train low r=4"], 0.25);
    EXPECT_GE(events[0]["time"].get<double>(), 0);
    EXPECT_LE(events[0]["time"].get<double>(), events[1]["time"].get<double>());
    EXPECT_EQ(events[1]["text"], "a \"quoted\"\nline and \xCF\xB5");
}

TEST_F(RunTest, numbers_that_are_not_finite_and_broken_text_stay_valid_json) {
    run::Run run(options_in("run"));
    run.log({{"nan", std::nan("")},
             {"inf", std::numeric_limits<double>::infinity()},
             {"list", {1.0, -HUGE_VAL}},
             {"text", "\xFF"}});
    const auto event = events_of(run).at(0);
    EXPECT_TRUE(event["nan"].is_null());
    EXPECT_TRUE(event["inf"].is_null());
    EXPECT_TRUE(event["list"][1].is_null());
    EXPECT_EQ(event["text"], "\xEF\xBF\xBD");
}

TEST_F(RunTest, rejects_events_that_are_none) {
    run::Run run(options_in("run"));
    EXPECT_THAT(error_of([&] { run.log(Json::array({1})); }),
                "an event must be a table with named values, got array");
    EXPECT_THAT(error_of([&] {
                    run.log({{"time", 1}});
                }),
                HasSubstr("'time' is reserved for the seconds"));
    EXPECT_THAT(events_of(run), IsEmpty());
}

TEST_F(RunTest, torn_line_is_cut_off_again) {
    run::Run run(options_in("run"));
    run.log({{"epoch", 1}});
    const auto before = text_of(run.directory() / "metrics.jsonl");
    {
        const FileSizeLimit full(before.size() + 5);
        EXPECT_THAT(error_of([&] {
                        run.log({{"epoch", 2}});
                    }),
                    AllOf(HasSubstr("metrics.jsonl"), EndsWith("File too large")));
    }
    EXPECT_EQ(text_of(run.directory() / "metrics.jsonl"), before);
    run.log({{"epoch", 3}});
    const auto events = events_of(run);
    ASSERT_EQ(events.size(), 2U);
    EXPECT_EQ(events[1]["epoch"], 3);
}

TEST_F(RunTest, failed_row_keeps_the_old_table) {
    run::Run run(options_in("run"));
    run.row("table", {{"rho", 0.5}});
    {
        const FileSizeLimit full(8);
        EXPECT_THAT(error_of([&] { run.row("table", {{"rho", 0.25}}); }), HasSubstr("table.csv"));
    }
    EXPECT_EQ(text_of(run.directory() / "table.csv"), "rho\n0.5\n");
    EXPECT_THAT(names_in(run.directory()),
                ElementsAre("config.json", "metrics.jsonl", "table.csv", "table.md"));
    run.row("table", {{"rho", 1.0}});
    EXPECT_EQ(text_of(run.directory() / "table.csv"), "rho\n0.5\n1\n");
}

TEST_F(RunTest, rejects_rows_that_are_none) {
    run::Run run(options_in("run"));
    EXPECT_THAT(error_of([&] { run.row("table", 1); }),
                HasSubstr("at least one column, got number"));
    EXPECT_THAT(error_of([&] { run.row("table", Json::object()); }),
                HasSubstr("at least one column, got none"));
    EXPECT_THAT(error_of([&] {
                    run.row("table", {{"a", 1}, {"b", {1, 2}}});
                }),
                HasSubstr("column 'b' of table 'table' must be a number"));
    EXPECT_THAT(names_in(run.directory()), ElementsAre("config.json", "metrics.jsonl"));
}

// The real thing: a file system of a few pages that fills up.
TEST_F(RunTest, full_disk) {
    if (::unshare(CLONE_NEWNS) != 0 ||
        ::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0 ||
        ::mount("full", folder_.c_str(), "tmpfs", 0, "size=64k") != 0) {
        GTEST_SKIP() << "a file system to fill cannot be mounted here (this takes root)";
    }
    {
        run::Run run(options_in("run"));
        const std::string text(1000, 'x');
        std::string reason;
        int written = 0;
        while (reason.empty() && written < 1000) {
            try {
                run.log({{"text", text}});
                ++written;
            } catch (const Error& error) {
                reason = error.what();
            }
        }
        EXPECT_THAT(reason, AllOf(HasSubstr("metrics.jsonl"), EndsWith("No space left on device")));
        EXPECT_GT(written, 10);
        EXPECT_EQ(events_of(run).size(), static_cast<size_t>(written));  // each line whole
        EXPECT_THAT(error_of([&] {
                        run.row("table", {{"text", std::string(8192, 'y')}});
                    }),
                    EndsWith("No space left on device"));
        EXPECT_THAT(names_in(run.directory()), ElementsAre("config.json", "metrics.jsonl"));
    }
    EXPECT_EQ(::umount(folder_.c_str()), 0);
}

TEST_F(RunTest, what_is_not_utf8_is_replaced_in_tables_figures_and_config) {
    auto options = options_in("caf\xe9");
    options.config = {{"folder", "caf\xe9"}};
    const std::string replaced = "caf\xef\xbf\xbd";
    run::Run run(options);
    run.row("table", {{"caf\xe9", "caf\xe9"}});
    EXPECT_EQ(text_of(run.directory() / "table.csv"), replaced + "\n" + replaced + "\n");
    EXPECT_THAT(text_of(run.directory() / "table.md"), HasSubstr("| " + replaced));
    EXPECT_EQ(Json::parse(text_of(run.directory() / "config.json")).at("folder"), replaced);
    run.log({{"series", "caf\xe9"}, {"epoch", 1}, {"accuracy", {{"\xff", 0.5}}}});
    FigureOptions figure;
    figure.panels = {"caf\xe9"};
    figure.title = "\xe9";
    const auto paths = run.plot("figure", figure);
    EXPECT_EQ(to_utf8(text_of(paths.at(0))), text_of(paths.at(0)));
}

TEST_F(RunTest, a_run_taken_up_again_is_rid_of_what_a_death_has_left) {
    auto options = options_in("run");
    { const run::Run run(options); }
    std::ofstream(options.out / "table.md.hfc-0123abcd.tmp") << "half";
    options.resume = true;
    const run::Run run(options);
    EXPECT_THAT(names_in(options.out), ElementsAre("config.json", "metrics.jsonl"));
}

}  // namespace
}  // namespace hfc::run
