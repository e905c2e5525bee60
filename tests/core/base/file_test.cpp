#include "base/file.h"

#include "base/error.h"

#include <gmock/gmock.h>
#include <sys/stat.h>
#include <unistd.h>

namespace hfc {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::ThrowsMessage;

class File : public testing::Test {
  protected:
    void SetUp() override {
        std::string pattern = (std::filesystem::temp_directory_path() / "hfc-file-XXXXXX").string();
        ASSERT_NE(mkdtemp(pattern.data()), nullptr);
        folder_ = pattern;
    }
    void TearDown() override { std::filesystem::remove_all(folder_); }
    std::filesystem::path folder_;
};

TEST_F(File, WhatIsWrittenIsRead) {
    const std::string bytes("a\0b\n", 4);
    write_file(folder_ / "x", bytes);
    EXPECT_EQ(read_file(folder_ / "x"), bytes);
    write_file(folder_ / "x", "");
    EXPECT_EQ(read_file(folder_ / "x"), "");
    EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder_), {}), 1) << "no temporary file is left";
}

TEST_F(File, ReadingNamesFileAndReason) {
    const auto missing = folder_ / "missing";
    EXPECT_THAT([&] { read_file(missing); }, ThrowsMessage<Error>(AllOf(HasSubstr(missing.string()), HasSubstr("No such file"))));
    EXPECT_THAT([&] { read_file(folder_); }, ThrowsMessage<Error>(HasSubstr("not a regular file")));
    write_file(folder_ / "large", std::string(100, 'x'));
    EXPECT_THAT([&] { read_file(folder_ / "large", 99); }, ThrowsMessage<Error>(HasSubstr("it has 100 bytes, expected at most 99")));
}

TEST_F(File, AFailedWriteKeepsTheOldContent) {
    write_file(folder_ / "x", "old");
    EXPECT_THAT([&] { write_file(folder_ / "none" / "x", "new"); }, ThrowsMessage<Error>(HasSubstr("No such file")));
    std::filesystem::create_directory(folder_ / "taken");
    EXPECT_THROW(write_file(folder_ / "taken", "new"), Error);
    EXPECT_EQ(read_file(folder_ / "x"), "old");
    EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder_), {}), 2) << "no temporary file is left";
}

TEST_F(File, FoldersAreMadeWithTheirParents) {
    make_folder(folder_ / "a" / "b");
    EXPECT_TRUE(std::filesystem::is_directory(folder_ / "a" / "b"));
    write_file(folder_ / "file", "");
    EXPECT_THAT([&] { make_folder(folder_ / "file" / "b"); }, ThrowsMessage<Error>(HasSubstr("cannot make the folder")));
}

}  // namespace
}  // namespace hfc
