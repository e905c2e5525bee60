// Events of several frames that arrive at once, as on a busy machine.
#include "viewer/input_queue.h"

#include <gmock/gmock.h>

namespace hfc::viewer {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

TEST(ViewerInputQueue, ClicksWithinOneFrameAreSpreadOverFrames) {
    InputQueue queue;
    EXPECT_FALSE(queue.next().has_position);
    for (const double x : {60.0, 90.0}) {
        queue.move(x - 20, 18);
        queue.move(x, 18);
        queue.button(0, true);
        queue.button(0, false);
    }
    for (const float x : {60.0F, 90.0F}) {
        for (const bool down : {true, false}) {
            EXPECT_FALSE(queue.empty());
            const auto& frame = queue.next();
            EXPECT_TRUE(frame.has_position);
            EXPECT_EQ(frame.x, x);
            EXPECT_EQ(frame.y, 18);
            EXPECT_EQ(frame.down[0], down);
        }
        for (int resting = 0; resting < 2; ++resting) {
            EXPECT_EQ(queue.next().x, x) << "what the click opened is drawn first";
        }
    }
    EXPECT_TRUE(queue.empty());
    EXPECT_EQ(queue.next().x, 90) << "the mouse stays";
}

TEST(ViewerInputQueue, ADragReachesItsEndBeforeTheButtonIsReleased) {
    InputQueue queue;
    queue.move(10, 5);
    queue.button(0, true);
    queue.move(20, 5);
    queue.move(30, 5);
    queue.button(0, false);
    for (const float x : {10.0F, 30.0F}) {
        const auto& frame = queue.next();
        EXPECT_EQ(frame.x, x);
        EXPECT_TRUE(frame.down[0]);
    }
    const auto& last = queue.next();
    EXPECT_EQ(last.x, 30);
    EXPECT_FALSE(last.down[0]);
    EXPECT_TRUE(queue.empty());
}

TEST(ViewerInputQueue, KeysWaitForTheMouseBeforeThemAndHoldBackTheMouseAfterThem) {
    InputQueue queue;
    queue.move(10, 5);
    queue.press('S');
    queue.press('T');
    queue.press('S');
    queue.button(1, true);
    EXPECT_THAT(queue.next().pressed, IsEmpty());
    EXPECT_THAT(queue.next().pressed, ElementsAre('S', 'T'));
    EXPECT_THAT(queue.next().pressed, ElementsAre('S')) << "pressed twice";
    const auto& last = queue.next();
    EXPECT_THAT(last.pressed, IsEmpty());
    EXPECT_TRUE(last.down[1]);
}

TEST(ViewerInputQueue, ButtonsThatImGuiDoesNotUseAreIgnored) {
    InputQueue queue;
    queue.button(7, true);
    queue.button(-1, true);
    EXPECT_TRUE(queue.empty());
}

}  // namespace
}  // namespace hfc::viewer
