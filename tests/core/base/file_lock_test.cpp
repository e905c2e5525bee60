#include "base/file_lock.h"

#include "base/file.h"
#include "scratch_folder.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/file.h>

#include <cerrno>
#include <chrono>
#include <memory>
#include <string>
#include <thread>

namespace hfc {
namespace {

class FileLock : public testing::Test {
  protected:
    /// A description of the file of its own, as another process would have it.
    std::unique_ptr<Descriptor> opened() const {
        return std::make_unique<Descriptor>(
            ::open((folder_.path() / "log").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666));
    }

    test::ScratchFolder folder_ = test::ScratchFolder("hfc file lock");
};

TEST_F(FileLock, KeepsOthersOut) {
    const auto first = opened(), second = opened();
    ASSERT_TRUE(lock_file(first->get()));
    EXPECT_NE(::flock(second->get(), LOCK_SH | LOCK_NB), 0);
    EXPECT_FALSE(lock_file(second->get()));
    EXPECT_EQ(errno, EWOULDBLOCK);
}

/// The other one holds the lock until it is closed, a moment after the call has begun.
TEST_F(FileLock, WaitsForALockThatIsAboutToGo) {
    auto first = opened();
    const auto second = opened();
    ASSERT_TRUE(lock_file(first->get()));
    std::thread closing([&] {
        std::this_thread::sleep_for(std::chrono::milliseconds(50));
        first.reset();
    });
    EXPECT_TRUE(lock_file(second->get()));
    closing.join();
}

TEST_F(FileLock, FailsForWhatIsNotAnOpenFile) {
    EXPECT_FALSE(lock_file(-1));
    EXPECT_EQ(errno, EBADF);
}

}  // namespace
}  // namespace hfc
