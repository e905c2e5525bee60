#include "base/file.h"

#include "base/error.h"
#include "scratch_folder.h"

#include <gmock/gmock.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <fstream>

namespace {
int synced_folders = 0;
}

/// In place of the C library's: a test cannot see otherwise what has been synced.
extern "C" int fsync(int file) {
    struct stat status = {};
    if (::fstat(file, &status) == 0 && S_ISDIR(status.st_mode)) {
        ++synced_folders;
    }
    return static_cast<int>(::syscall(SYS_fsync, file));
}

namespace hfc {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::ThrowsMessage;

class File : public testing::Test {
  protected:
    int64_t entries() const {
        return std::distance(std::filesystem::directory_iterator(folder_), {});
    }

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
                ThrowsMessage<Error>(HasSubstr("cannot create the directory")));
}

/// A child process that begins to write `path` and waits to be killed.
class Writer {
  public:
    explicit Writer(const std::filesystem::path& path) {
        int ready[2];
        EXPECT_EQ(::pipe(ready), 0);
        child_ = ::fork();
        if (child_ == 0) {
            OutputFile file(path);
            file.write("half");
            [[maybe_unused]] const auto told = ::write(ready[1], "x", 1);
            ::pause();
            ::_exit(0);
        }
        char byte = 0;
        EXPECT_EQ(::read(ready[0], &byte, 1), 1);
        ::close(ready[0]);
        ::close(ready[1]);
    }
    ~Writer() { kill(); }
    Writer(const Writer&) = delete;
    Writer& operator=(const Writer&) = delete;
    void kill() {
        if (child_ > 0) {
            ::kill(child_, SIGKILL);
            ::waitpid(child_, nullptr, 0);
            child_ = -1;
        }
    }

  private:
    pid_t child_ = -1;
};

TEST_F(File, WhatADeadProcessLeftGoesWithTheNextWriting) {
    Writer writer(folder_ / "x");
    EXPECT_EQ(entries(), 1);
    write_file(folder_ / "x", "whole");
    EXPECT_EQ(entries(), 2) << "a living process's file stays";
    writer.kill();
    write_file(folder_ / "other", "");
    EXPECT_EQ(entries(), 3) << "another file's writing is not concerned";
    write_file(folder_ / "x", "again");
    EXPECT_EQ(entries(), 2);
    EXPECT_EQ(read_file(folder_ / "x"), "again");
}

TEST_F(File, OnlyTemporaryFilesAreTakenForThem) {
    for (const char* name : {"x.2024.tmp", "x.tmp", "x.hfc-1234.tmp", "x.hfc-zzzzzzzz.tmp",
                             "y.hfc-00000000.tmp", "x.hfc-00000000"}) {
        write_file(folder_ / name, "mine");
    }
    write_file(folder_ / "x", "whole");
    EXPECT_EQ(entries(), 7);
    write_file(folder_ / "x.hfc-00000000.tmp", "an orphan");
    write_file(folder_ / "x", "whole");
    EXPECT_EQ(entries(), 7);
}

TEST_F(File, TwoWritersOfOneFileDoNotMeet) {
    OutputFile first(folder_ / "x");
    OutputFile second(folder_ / "x");
    first.write("first");
    second.write("second");
    second.commit();
    EXPECT_EQ(read_file(folder_ / "x"), "second");
    first.commit();
    EXPECT_EQ(read_file(folder_ / "x"), "first");
    EXPECT_EQ(entries(), 1);
}

TEST_F(File, ALinkUnderATemporaryNameIsNotFollowed) {
    write_file(folder_ / "victim", "untouched");
    // The name that older versions took; ours cannot be known before.
    std::filesystem::create_symlink(folder_ / "victim",
                                    folder_ / ("x." + std::to_string(::getpid()) + ".tmp"));
    write_file(folder_ / "x", "new");
    EXPECT_EQ(read_file(folder_ / "victim"), "untouched");
    EXPECT_EQ(read_file(folder_ / "x"), "new");
}

TEST_F(File, ALinkStaysAndItsFileIsReplaced) {
    std::filesystem::create_directory(folder_ / "big");
    write_file(folder_ / "big" / "file", "old");
    std::filesystem::create_symlink("big/file", folder_ / "latest");
    std::filesystem::create_symlink("latest", folder_ / "second");
    write_file(folder_ / "second", "new");
    EXPECT_TRUE(std::filesystem::is_symlink(folder_ / "latest"));
    EXPECT_TRUE(std::filesystem::is_symlink(folder_ / "second"));
    EXPECT_EQ(read_file(folder_ / "big" / "file"), "new");
    std::filesystem::remove(folder_ / "big" / "file");
    write_file(folder_ / "latest", "made");
    EXPECT_EQ(read_file(folder_ / "big" / "file"), "made") << "a link to nothing yet";
    std::filesystem::create_symlink("circle", folder_ / "circle");
    EXPECT_THROW(write_file(folder_ / "circle", "never"), Error);
}

TEST_F(File, TheFolderIsSyncedAfterTheRename) {
    synced_folders = 0;
    write_file(folder_ / "x", "bytes");
    EXPECT_EQ(synced_folders, 1);
    write_file(folder_ / "x", "bytes", Sync::no);
    EXPECT_EQ(synced_folders, 1);
    make_folder(folder_ / "a" / "b");
    EXPECT_EQ(synced_folders, 3) << "the folders that hold a and b";
}

TEST_F(File, ALongNameIsWritten) {
    const auto path = folder_ / std::string(255, 'n');
    write_file(path, "bytes");
    EXPECT_EQ(read_file(path), "bytes");
    EXPECT_EQ(entries(), 1);
}

}  // namespace
}  // namespace hfc
