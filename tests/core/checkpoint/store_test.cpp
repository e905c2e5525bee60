#include "checkpoint/store.h"

#include "base/error.h"
#include "base/file.h"
#include "scratch_folder.h"

#include <ATen/ATen.h>
#include <ATen/Functions.h>
#include <gmock/gmock.h>

#include <sys/stat.h>
#include <unistd.h>

#include <fstream>

namespace hfc::checkpoint {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class StoreTest : public testing::Test {
  protected:
    static Checkpoint numbered(int64_t number) {
        return {{{"model.weight", at::full({3, 4}, static_cast<double>(number))},
                 {"generator", at::arange(16, at::kByte)}},
                {{"epoch", number},
                 {"loss", 0.1 + 1e-17 * static_cast<double>(number)},
                 {"third", 1.0 / 3}}};
    }
    static int64_t number_of(const Checkpoint& checkpoint) {
        return checkpoint.state.at("epoch").get<int64_t>();
    }
    std::filesystem::path file(const std::string& name) const { return store.folder() / name; }

    void expect_falls_back_to_the_first() const {
        std::vector<std::string> said;
        const auto found = store.newest([&](const std::string& text) { said.push_back(text); });
        ASSERT_TRUE(found);
        EXPECT_EQ(number_of(*found), 1);
        EXPECT_THAT(said, ElementsAre(HasSubstr("checkpoint-000000002")));
    }

    test::ScratchFolder scratch{"hfc store"};
    Store store{scratch.path() / "checkpoints"};
};

TEST_F(StoreTest, gives_back_to_the_last_bit_what_it_was_given) {
    const auto given = numbered(7);
    store.save(7, given);
    const auto found = store.newest();
    ASSERT_TRUE(found);
    ASSERT_EQ(found->tensors.size(), 2U);
    for (size_t i = 0; i < 2; ++i) {
        EXPECT_EQ(found->tensors[i].first, given.tensors[i].first);
        EXPECT_TRUE(at::equal(found->tensors[i].second, given.tensors[i].second));
    }
    EXPECT_EQ(found->state, given.state);
    EXPECT_EQ(found->state.at("third").get<double>(), 1.0 / 3);
}

TEST_F(StoreTest, refuses_a_file_of_brackets) {
    store.save(1, numbered(1));
    const size_t depth = 1'000'000;
    write_file(
        file("checkpoint-000000002.json"),
        "{\"format\": 1, \"state\": " + std::string(depth, '[') + std::string(depth, ']') + "}");
    expect_falls_back_to_the_first();
}

TEST_F(StoreTest, says_when_there_is_none_before_a_damaged_one) {
    store.save(1, numbered(1));
    write_file(file("checkpoint-000000001.json"), "{}");
    std::vector<std::string> said;
    EXPECT_FALSE(store.newest([&](const std::string& text) { said.push_back(text); }));
    EXPECT_THAT(said,
                ElementsAre(HasSubstr(
                    "there is no previous checkpoint, so training starts from the beginning")));
}

TEST_F(StoreTest, keeps_names_that_are_not_utf8) {
    auto given = numbered(1);
    given.state["dataset"] = "caf\xe9";
    given.state["\xff"] = {"probe \xc3", 1};
    store.save(1, given);
    const auto found = store.newest();
    ASSERT_TRUE(found);
    EXPECT_EQ(found->state.at("dataset"), "caf\xef\xbf\xbd");
    EXPECT_EQ(number_of(*found), 1);
}

TEST_F(StoreTest, removes_what_dead_processes_have_left) {
    store.save(1, numbered(1));
    const auto write = [&](const char* name) { std::ofstream(file(name)) << "half of it"; };
    write("checkpoint-000000002.safetensors.hfc-0123abcd.tmp");
    write("checkpoint-000000007.json.hfc-89ef0000.tmp");
    write("checkpoint-000000002.safetensors.4242.tmp");  // of older versions
    write("checkpoint-000000003.json.17.tmp");
    write("notes.4242.tmp");
    write("checkpoint-old.tmp");
    const OutputFile living(file("checkpoint-000000009.safetensors"));
    store.save(2, numbered(2));
    EXPECT_EQ(std::distance(std::filesystem::directory_iterator(store.folder()), {}), 4 + 3)
        << "two checkpoints, the living process's file and two of somebody else";
    EXPECT_FALSE(std::filesystem::exists(file("checkpoint-000000002.safetensors.4242.tmp")));
}

TEST_F(StoreTest, has_none_before_the_first) {
    EXPECT_FALSE(store.newest());
    EXPECT_TRUE(store.numbers().empty());
}

TEST_F(StoreTest, keeps_the_newest) {
    for (const int64_t number : {3, 12, 100, 2000}) {
        store.save(number, numbered(number));
    }
    EXPECT_THAT(store.numbers(), ElementsAre(100, 2000));
    EXPECT_EQ(std::distance(std::filesystem::directory_iterator(store.folder()), {}), 4)
        << "two files each, and nothing else";
    EXPECT_EQ(number_of(*store.newest()), 2000);
}

TEST_F(StoreTest, replaces_one_of_the_same_number) {
    store.save(5, numbered(1));
    store.save(5, numbered(2));
    EXPECT_EQ(number_of(*store.newest()), 2);
}

TEST_F(StoreTest, passes_over_a_checkpoint_damaged_anywhere) {
    for (const char* name : {"checkpoint-000000002.safetensors", "checkpoint-000000002.json"}) {
        store.save(1, numbered(1));
        store.save(2, numbered(2));
        const auto whole = read_file(file(name));
        for (size_t i = 0; i < whole.size(); i += 3) {
            auto damaged = whole;
            damaged[i] = static_cast<char>(damaged[i] ^ 0x10);
            if (name == std::string("checkpoint-000000002.json") &&
                Json::parse(damaged, nullptr, false) == Json::parse(whole)) {
                continue;  // white space that became other white space
            }
            write_file(file(name), damaged);
            SCOPED_TRACE(fmt::format("{}, byte {}", name, i));
            expect_falls_back_to_the_first();
        }
        write_file(file(name), whole);
        EXPECT_EQ(number_of(*store.newest()), 2);
    }
}

TEST_F(StoreTest, passes_over_a_checkpoint_cut_off_anywhere) {
    store.save(1, numbered(1));
    store.save(2, numbered(2));
    for (const char* name : {"checkpoint-000000002.safetensors", "checkpoint-000000002.json"}) {
        const auto whole = read_file(file(name));
        for (size_t length = 0; length + 2 < whole.size(); length += 7) {
            write_file(file(name), whole.substr(0, length));
            SCOPED_TRACE(fmt::format("{}, {} bytes", name, length));
            expect_falls_back_to_the_first();
        }
        write_file(file(name), whole);
    }
}

TEST_F(StoreTest, does_not_count_tensors_whose_state_was_never_written) {
    store.save(1, numbered(1));
    store.save(2, numbered(2));
    std::filesystem::remove(file("checkpoint-000000002.json"));
    EXPECT_EQ(number_of(*store.newest()), 1);
}

TEST_F(StoreTest, passes_over_what_is_no_checkpoint) {
    store.save(1, numbered(1));
    for (const char* text : {"[]", "{}", "3", R"({"format": 2})", R"({"format": "1"})",
                             R"({"format": 1, "state": {}, "state_crc32": -1})"}) {
        write_file(file("checkpoint-000000002.json"), text);
        SCOPED_TRACE(text);
        expect_falls_back_to_the_first();
    }
    std::filesystem::remove(file("checkpoint-000000002.json"));
    ASSERT_EQ(::mkfifo(file("checkpoint-000000002.json").c_str(), 0600), 0);
    expect_falls_back_to_the_first();
    for (const char* name : {"checkpoint-.json", "checkpoint-x.json",
                             "checkpoint-99999999999999999999.json", "notes.txt"}) {
        write_file(file(name), "{}");
    }
    EXPECT_THAT(store.numbers(), ElementsAre(1, 2)) << "other files are none of ours";
}

TEST_F(StoreTest, leaves_the_others_alone_when_it_cannot_write) {
    if (::geteuid() == 0) {
        // Root may write everywhere; a folder in the file's place stops it too.
        std::filesystem::create_directories(file("checkpoint-000000002.safetensors") / "x");
    } else {
        store.save(1, numbered(1));
        ::chmod(store.folder().c_str(), 0500);
    }
    EXPECT_THROW(store.save(2, numbered(2)), Error);
    ::chmod(store.folder().c_str(), 0700);
    EXPECT_THAT(store.numbers(), testing::Not(testing::Contains(2)));
}

TEST(Store, refuses_numbers_that_make_no_sense) {
    EXPECT_THROW(Store("x", 0), Error);
    EXPECT_THROW(Store("x").save(-1, {}), Error);
}

}  // namespace
}  // namespace hfc::checkpoint
