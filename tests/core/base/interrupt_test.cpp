#include "base/interrupt.h"

#include <gtest/gtest.h>

#include <unistd.h>

#include <cerrno>
#include <csignal>

namespace hfc {
namespace {

class InterruptHandler : public testing::Test {
  protected:
    InterruptHandler() {
        sigaction(SIGINT, nullptr, &before_);
        install_interrupt_handler();
    }
    ~InterruptHandler() override {
        clear_interrupt();
        sigaction(SIGINT, &before_, nullptr);
    }

  private:
    struct sigaction before_ = {};
};

TEST_F(InterruptHandler, AsksAndCanBeTakenBack) {
    testing::internal::CaptureStderr();
    ::raise(SIGINT);
    EXPECT_NE(testing::internal::GetCapturedStderr().find("stopping at the next batch"),
              std::string::npos);
    EXPECT_TRUE(interrupt_requested());
    EXPECT_EQ(interrupt_status(), 130);
    EXPECT_THROW(check_interrupt(), Interrupted);
    clear_interrupt();
    EXPECT_NO_THROW(check_interrupt());
}

TEST_F(InterruptHandler, LeavesTheErrorOfTheCallThatItCameInto) {
    const int terminal = ::dup(STDERR_FILENO);
    ::close(STDERR_FILENO);  // the handler's write fails
    errno = ENOSPC;
    ::raise(SIGINT);
    const int found = errno;
    ::dup2(terminal, STDERR_FILENO);
    ::close(terminal);
    EXPECT_EQ(found, ENOSPC);
}

}  // namespace
}  // namespace hfc
