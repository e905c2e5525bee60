#include "run/event_log.h"

#include "base/file.h"
#include "run/run.h"
#include "run/scratch.h"
#include "sanitized.h"

#include <sys/wait.h>
#include <unistd.h>
#include <csignal>

namespace hfc::run {
namespace {

using testing::HasSubstr;

class EventLogTest : public Scratch {
  protected:
    using Open = EventLog::Open;

    static Json epoch(int64_t number, double loss) {
        return {{"series", "natural"}, {"epoch", number}, {"loss", loss}};
    }

    std::vector<Json> lines() const {
        std::istringstream text(text_of(path_));
        std::vector<Json> found;
        for (std::string line; std::getline(text, line);) {
            found.push_back(Json::parse(line));
        }
        return found;
    }

    static std::vector<Json> told(const EventLog& log) {
        std::vector<Json> events;
        log.for_each([&](const Json& event) { events.push_back(event); });
        return events;
    }

    const std::filesystem::path path_ = folder_ / "metrics.jsonl";
};

TEST_F(EventLogTest, has_neither_a_gap_nor_a_duplicate_when_it_is_taken_up_again) {
    {
        EventLog log(path_, Open::fresh);
        log.append(epoch(1, 0.5));
        log.append(epoch(2, 0.4));
    }
    EventLog log(path_, Open::resume);
    log.append(epoch(1, 0.51));
    log.append(epoch(2, 0.4));
    log.append(epoch(3, 0.3));
    const auto found = lines();
    ASSERT_EQ(found.size(), 3U);
    for (int64_t i = 0; i < 3; ++i) {
        EXPECT_EQ(found[i].at("epoch"), i + 1);
    }
    EXPECT_EQ(found[0].at("loss"), 0.5) << "what was measured first stays";
    EXPECT_EQ(told(log), found);
    EXPECT_GE(found[2].at("time"), found[1].at("time"));
}

TEST_F(EventLogTest, takes_whole_curves_for_the_same_where_their_values_alone_differ) {
    const auto curve = [](const Json& y) {
        return Json{{"curve", "spectrum"}, {"x", {1, 2}}, {"y", y}};
    };
    EventLog(path_, Open::fresh).append(curve({0.5, std::nan("")}));
    {
        EventLog log(path_, Open::resume);
        EXPECT_TRUE(log.repeats());
        log.append(curve({0.51, 0.2}));
        EXPECT_FALSE(log.repeats());
    }
    EXPECT_EQ(lines().size(), 1U);
    EventLog log(path_, Open::resume);
    EXPECT_THAT(error_of([&] { log.append(curve({0.5})); }),
                HasSubstr("no longer logs the same events"));
}

TEST_F(EventLogTest, cuts_a_torn_last_line_off) {
    {
        EventLog log(path_, Open::fresh);
        log.append(epoch(1, 0.5));
        log.append(epoch(2, 0.4));
    }
    const auto whole = text_of(path_);
    const auto first = whole.find('\n') + 1;
    for (size_t length = first; length < whole.size(); length += 5) {
        write_file(path_, whole.substr(0, length));
        EventLog log(path_, Open::resume);
        log.append(epoch(1, 0.5));
        log.append(epoch(2, 0.4));
        EXPECT_EQ(lines().size(), 2U) << "cut to " << length << " bytes";
    }
}

TEST_F(EventLogTest, refuses_a_script_that_logs_something_else) {
    {
        EventLog log(path_, Open::fresh);
        log.append(epoch(1, 0.5));
    }
    for (const Json& other :
         {epoch(2, 0.5), Json{{"series", "shuffled"}, {"epoch", 1}, {"loss", 0.5}},
          Json{{"epoch", 1}}}) {
        EventLog log(path_, Open::resume);
        EXPECT_THAT(
            error_of([&] { log.append(other); }),
            HasSubstr("cannot resume: the script no longer logs the same events as the original "
                      "run: line 1"));
    }
    EXPECT_EQ(lines().size(), 1U);
}

TEST_F(EventLogTest, refuses_a_file_that_is_no_log) {
    EXPECT_THAT(error_of([&] { EventLog(path_, Open::resume); }), HasSubstr("cannot write"));
    write_file(path_, "{\"epoch\":1}\nnonsense\n{\"epoch\":2}\n");
    EXPECT_THAT(error_of([&] { EventLog(path_, Open::resume); }), HasSubstr("line 2 is not an "
                                                                            "event"));
    write_file(path_, "{\"epoch\":1}\n{\"a\":" + std::string(1'000'000, '[') +
                          std::string(1'000'000, ']') + "}\n");
    EXPECT_THAT(error_of([&] { EventLog(path_, Open::resume); }), HasSubstr("line 2 is not an "
                                                                            "event"));
    EXPECT_THAT(error_of([&] { EventLog(path_, Open::fresh); }), HasSubstr("cannot write"));
    for (const char* time : {"188888888888.5", "-1", "1e300"}) {
        write_file(path_, std::string("{\"epoch\":1,\"time\":") + time + "}\n");
        EXPECT_THAT(error_of([&] { EventLog(path_, Open::resume); }), HasSubstr("expected 0 to"))
            << time;
    }
}

TEST_F(EventLogTest, is_one_process_s_alone_until_that_ends) {
    EventLog(path_, Open::fresh);
    int ready[2];
    ASSERT_EQ(::pipe(ready), 0);
    const pid_t child = ::fork();
    if (child == 0) {
        const EventLog log(path_, Open::resume);
        [[maybe_unused]] const auto told = ::write(ready[1], "x", 1);
        ::pause();
        ::_exit(0);
    }
    char byte = 0;
    ASSERT_EQ(::read(ready[0], &byte, 1), 1);
    EXPECT_THAT(error_of([&] { EventLog(path_, Open::resume); }),
                HasSubstr("is in use by another process"));
    ::kill(child, SIGKILL);
    ::waitpid(child, nullptr, 0);
    ::close(ready[0]);
    ::close(ready[1]);
    EventLog(path_, Open::resume);
}

TEST_F(EventLogTest, of_a_run_is_taken_up_again_with_its_config_and_the_order_of_its_trainings) {
    RunOptions options;
    options.name = "again";
    options.out = folder_ / "run";
    options.config = {{"seed", 1}};
    {
        run::Run run(options);
        run.log(epoch(1, 0.5));
        EXPECT_EQ(run.next_checkpoints(), options.out / "checkpoints" / "training-1");
        EXPECT_EQ(run.next_checkpoints(), options.out / "checkpoints" / "training-2");
    }
    options.resume = true;
    options.config = {{"seed", 2}};
    run::Run run(options);
    run.log(epoch(1, 0.5));
    run.log(epoch(2, 0.4));
    EXPECT_EQ(run.next_checkpoints(), options.out / "checkpoints" / "training-1");
    EXPECT_EQ(Json::parse(text_of(options.out / "config.json")).at("seed"), 1);
    options.out = folder_ / "none";
    EXPECT_THAT(error_of([&] { const run::Run other(options); }),
                HasSubstr("there is no run directory"));
}

int64_t resident_bytes() {
    std::ifstream file("/proc/self/statm");
    int64_t pages = 0, resident = 0;
    file >> pages >> resident;
    return resident * ::sysconf(_SC_PAGESIZE);
}

TEST_F(EventLogTest, takes_no_memory_for_its_events) {
    constexpr int64_t many = 50'000;
    constexpr int64_t allowed = test::sanitized ? int64_t{1} << 40 : int64_t{8} << 20;
    auto before = resident_bytes();
    {
        EventLog log(path_, Open::fresh);
        for (int64_t i = 0; i < many; ++i) {
            log.append(epoch(i, 0.5));
        }
        EXPECT_LT(resident_bytes() - before, allowed);
    }
    before = resident_bytes();
    EventLog log(path_, Open::resume);
    for (int64_t i = 0; i < many; ++i) {
        ASSERT_TRUE(log.repeats());
        log.append(epoch(i, 0.25));
    }
    EXPECT_FALSE(log.repeats());
    int64_t count = 0;
    log.for_each([&](const Json&) { ++count; });
    EXPECT_EQ(count, many);
    EXPECT_LT(resident_bytes() - before, allowed);
}

TEST_F(EventLogTest, tells_while_it_repeats_only_what_has_been_told_again) {
    {
        EventLog log(path_, Open::fresh);
        for (int64_t i = 1; i <= 3; ++i) {
            log.append(epoch(i, 0.5));
        }
    }
    EventLog log(path_, Open::resume);
    EXPECT_EQ(told(log).size(), 0U);
    log.append(epoch(1, 0.25));
    ASSERT_EQ(told(log).size(), 1U);
    EXPECT_EQ(told(log).front().at("loss"), 0.5);
    EXPECT_THAT(error_of([&] { log.append(epoch(3, 0.5)); }), HasSubstr("line 2 of"));
    log.append(epoch(2, 0.5));
    log.append(epoch(3, 0.5));
    log.append(epoch(4, 0.5));
    EXPECT_EQ(told(log).size(), 4U);
}

TEST_F(EventLogTest, knows_names_again_that_are_not_utf8) {
    const Json event = {{"series", "caf\xe9"}, {"accuracy", {{"probe \xff", 0.5}}}};
    {
        EventLog log(path_, Open::fresh);
        log.append(event);
    }
    EventLog log(path_, Open::resume);
    log.append(event);
    EXPECT_EQ(lines().size(), 1U);
}

}  // namespace
}  // namespace hfc::run
