#include "base/file.h"

#include "base/error.h"
#include "scratch_folder.h"

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
    test::ScratchFolder scratch_{"hfc file test"};
    const std::filesystem::path folder_ = scratch_.path();
};

TEST_F(File, WhatIsWrittenIsRead) {
    const std::string bytes("a\0b\n", 4);
    write_file(folder_ / "x", bytes);
    EXPECT_EQ(read_file(folder_ / "x"), bytes);
    write_file(folder_ / "x", "");
    EXPECT_EQ(read_file(folder_ / "x"), "");
    EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder_), {}), 1)
        << "no temporary file is left";
}

TEST_F(File, ReadingNamesFileAndReason) {
    const auto missing = folder_ / "missing";
    EXPECT_THAT(
        [&] { read_file(missing); },
        ThrowsMessage<Error>(AllOf(HasSubstr(missing.string()), HasSubstr("No such file"))));
    EXPECT_THAT([&] { read_file(folder_); }, ThrowsMessage<Error>(HasSubstr("not a regular file")));
    write_file(folder_ / "large", std::string(100, 'x'));
    EXPECT_THAT([&] { read_file(folder_ / "large", 99); },
                ThrowsMessage<Error>(HasSubstr("it has 100 bytes, expected at most 99")));
}

TEST_F(File, AFailedWriteKeepsTheOldContent) {
    write_file(folder_ / "x", "old");
    EXPECT_THAT([&] { write_file(folder_ / "none" / "x", "new"); },
                ThrowsMessage<Error>(HasSubstr("No such file")));
    std::filesystem::create_directory(folder_ / "taken");
    EXPECT_THROW(write_file(folder_ / "taken", "new"), Error);
    EXPECT_EQ(read_file(folder_ / "x"), "old");
    EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder_), {}), 2)
        << "no temporary file is left";
}

TEST_F(File, PiecesAppearTogetherOrNotAtAll) {
    {
        OutputFile file(folder_ / "x");
        file.write("one");
        EXPECT_FALSE(std::filesystem::exists(folder_ / "x"));
        file.write("two");
        file.commit();
    }
    EXPECT_EQ(read_file(folder_ / "x"), "onetwo");
    { OutputFile(folder_ / "x").write("lost"); }
    EXPECT_EQ(read_file(folder_ / "x"), "onetwo");
    EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder_), {}), 1)
        << "no temporary file is left";
}

TEST_F(File, PiecesAreReadWhereTheyLie) {
    write_file(folder_ / "x", "0123456789");
    const InputFile file(folder_ / "x");
    std::string three(3, ' ');
    file.read(4, three.data(), 3);
    EXPECT_EQ(three, "456");
    EXPECT_THAT([&] { file.read(8, three.data(), 3); },
                ThrowsMessage<Error>(HasSubstr("it ended after 10 of 10 bytes")));
}

TEST_F(File, AFullDeviceIsAnErrorAndStaysADevice) {
    EXPECT_THAT([] { write_file("/dev/full", "bytes"); },
                ThrowsMessage<Error>(HasSubstr("'/dev/full': No space left on device")));
    EXPECT_TRUE(std::filesystem::is_character_file("/dev/full"));
    write_file("/dev/null", "bytes");
}

TEST_F(File, FoldersAreMadeWithTheirParents) {
    make_folder(folder_ / "a" / "b");
    EXPECT_TRUE(std::filesystem::is_directory(folder_ / "a" / "b"));
    write_file(folder_ / "file", "");
    EXPECT_THAT([&] { make_folder(folder_ / "file" / "b"); },
                ThrowsMessage<Error>(HasSubstr("cannot make the folder")));
}

}  // namespace
}  // namespace hfc
