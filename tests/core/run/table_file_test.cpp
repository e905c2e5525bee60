// Tables as they grow, and as a run that is taken up again finds them.
#include "run/table_file.h"

#include "run/run.h"
#include "run/scratch.h"

#include <sys/stat.h>

#include <fstream>

namespace hfc::run {
namespace {

using testing::EndsWith;
using testing::HasSubstr;

class RunTables : public Scratch {
  protected:
    RunOptions options_in(const std::string& name) const {
        RunOptions options;
        options.out = folder_ / name;
        return options;
    }
};

/// A file that is written anew is another one, under the same name.
ino_t file_number(const std::filesystem::path& path) {
    struct stat status = {};
    EXPECT_EQ(::stat(path.c_str(), &status), 0) << path;
    return status.st_ino;
}

TEST_F(RunTables, rows_are_appended_and_not_written_anew) {
    const auto options = options_in("run");
    {
        run::Run run(options);
        ino_t first = 0;
        for (int i = 0; i < 2000; ++i) {
            run.row("table", {{"step", i}, {"name", "a,b"}, {"loss", 1.0 / (i + 1)}});
            first = i == 0 ? file_number(run.directory() / "table.csv") : first;
        }
        EXPECT_EQ(file_number(run.directory() / "table.csv"), first);
        EXPECT_THAT(text_of(run.directory() / "table.csv"), EndsWith("\n1999,\"a,b\",0.0005\n"));
    }
    Rows rows;
    for (int i = 0; i < 2000; ++i) {
        rows.push_back({{"step", i}, {"name", "a,b"}, {"loss", 1.0 / (i + 1)}});
    }
    EXPECT_EQ(text_of(options.out / "table.csv"), to_csv(rows));
    EXPECT_EQ(text_of(options.out / "table.md"), to_markdown(rows));
}

TEST_F(RunTables, a_column_that_comes_later_is_added_to_all_rows) {
    run::Run run(options_in("run"));
    run.row("table", {{"a", 1}});
    run.row("table", {{"b", "x"}});
    run.row("table", {{"a", 2}});
    EXPECT_EQ(text_of(run.directory() / "table.csv"), "a,b\n1,\n,x\n2,\n");
    std::filesystem::remove(run.directory() / "table.csv");
    run.row("table", {{"a", 3}});
    EXPECT_EQ(text_of(run.directory() / "table.csv"), "a,b\n1,\n,x\n2,\n3,\n") << "written anew";
}

TEST_F(RunTables, a_table_keeps_its_rows_until_the_resumed_run_has_as_many) {
    auto options = options_in("run");
    const auto csv = options.out / "table.csv";
    {
        run::Run run(options);
        for (int i = 0; i < 3; ++i) {
            run.row("table", {{"step", i}, {"text", "two\nlines"}, {"seconds", 0.5}});
        }
    }
    const auto whole = text_of(csv);
    const auto markdown = text_of(options.out / "table.md");
    // Its end may be torn in the middle of a quoted text with a line break.
    std::ofstream(csv, std::ios::app) << "3,\"two\nli";
    options.resume = true;
    run::Run run(options);
    for (int i = 0; i < 2; ++i) {
        run.row("table", {{"step", i}, {"text", "two\nlines"}, {"seconds", 0.25}});
        EXPECT_EQ(text_of(csv), whole);
        EXPECT_EQ(text_of(options.out / "table.md"), markdown);
    }
    run.row("table", {{"step", 2}, {"text", "two\nlines"}, {"seconds", 0.25}});
    EXPECT_THAT(text_of(csv), EndsWith("2,\"two\nlines\",0.25\n"));
    run.row("table", {{"step", 3}, {"text", "end"}, {"seconds", 1}});
    EXPECT_THAT(text_of(csv), EndsWith("2,\"two\nlines\",0.25\n3,end,1\n"));
    EXPECT_THAT(text_of(options.out / "table.md"), HasSubstr("end"));
}

}  // namespace
}  // namespace hfc::run
