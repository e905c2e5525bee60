#include "train/progress.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <pty.h>
#include <unistd.h>

#include <thread>

namespace hfc::train {
namespace {

using testing::HasSubstr;

const Progress halfway = {.epoch = 3,
                          .epochs = 12,
                          .batch = 17,
                          .batches = 500,
                          .loss = 1.23456,
                          .images_per_second = 269.6,
                          .seconds_left = 83};
const EpochResult third = {.epoch = 3,
                           .step = 1500,
                           .loss = 1.23456,
                           .train_seconds = 12.34,
                           .probe_seconds = 4.56,
                           .images_per_second = 269.6,
                           .accuracy = {{"train", 0.41249}, {"train low r=4", 1}}};

/// Waits for something, and then for as long as more comes: a terminal may hand over what was
/// written in pieces.
std::string read_all(int descriptor) {
    std::string text;
    pollfd wait = {descriptor, POLLIN, 0};
    for (int patience = 5000; poll(&wait, 1, patience) == 1; patience = 50) {
        char piece[4096];
        const auto count = read(descriptor, piece, sizeof piece);
        if (count <= 0) {
            break;
        }
        text.append(piece, static_cast<size_t>(count));
    }
    return text;
}

TEST(FormatSeconds, gives_minutes_and_from_one_hour_on_hours) {
    EXPECT_EQ(format_seconds(0), "0:00");
    EXPECT_EQ(format_seconds(83), "1:23");
    EXPECT_EQ(format_seconds(59.6), "1:00");
    EXPECT_EQ(format_seconds(3599.7), "1:00:00");
    EXPECT_EQ(format_seconds(3723), "1:02:03");
    EXPECT_EQ(format_seconds(-1), "?");
    EXPECT_EQ(format_seconds(std::nan("")), "?");
}

TEST(Lines, say_where_the_training_stands) {
    EXPECT_EQ(live_line("natural", halfway, 200),
              "natural: epoch 3/12, batch 17/500, loss 1.2346, 270 images/s, 1:23 left");
    EXPECT_EQ(live_line("natural", halfway, 19), "natural: epoch 3/12");
    auto probing = halfway;
    probing.batch = 0;
    EXPECT_EQ(live_line("", probing, 200),
              "epoch 3/12, probes, loss 1.2346, 270 images/s, 1:23 left");
    EXPECT_EQ(epoch_line("natural", third, 12),
              "natural: epoch 3/12, loss 1.2346, train 0.412, train low r=4 1.000, 270 images/s, "
              "12.3 s + 4.6 s probes");
    auto plain = third;
    plain.accuracy.clear();
    EXPECT_EQ(epoch_line("", plain, 12), "epoch 3/12, loss 1.2346, 270 images/s, 12.3 s");
}

TEST(ProgressLine, writes_one_plain_line_an_epoch_where_it_is_no_terminal) {
    int ends[2];
    ASSERT_EQ(pipe(ends), 0);
    {
        ProgressLine line("natural", ends[1]);
        line.on_batch(halfway);
        line.on_epoch(third, 12);
    }
    close(ends[1]);
    EXPECT_EQ(read_all(ends[0]), fmt::format("{}\n", epoch_line("natural", third, 12)));
    close(ends[0]);
}

TEST(ProgressLine, redraws_within_the_width_at_most_ten_times_a_second_on_a_terminal) {
    int terminal = 0, program = 0;
    winsize size = {};
    size.ws_col = 30;
    size.ws_row = 5;
    ASSERT_EQ(openpty(&terminal, &program, nullptr, nullptr, &size), 0);
    {
        ProgressLine line("natural", program);
        line.on_batch(halfway);
        line.on_batch(halfway);
        EXPECT_EQ(read_all(terminal), fmt::format("\r{}\x1b[K", live_line("natural", halfway, 29)))
            << "the second came too soon";
        std::this_thread::sleep_for(std::chrono::milliseconds(120));
        line.on_batch(halfway);
        EXPECT_THAT(read_all(terminal), HasSubstr("epoch 3/12"));
        line.on_epoch(third, 12);
        EXPECT_EQ(read_all(terminal),
                  fmt::format("\r\x1b[K{}\r\n", epoch_line("natural", third, 12)))
            << "the live line gives way";
        std::this_thread::sleep_for(std::chrono::milliseconds(120));
        line.on_batch(halfway);
        read_all(terminal);
    }
    EXPECT_EQ(read_all(terminal), "\r\x1b[K") << "nothing half-drawn stays behind";
    close(program);
    close(terminal);
}

}  // namespace
}  // namespace hfc::train
