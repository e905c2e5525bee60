// The progress of training on standard error: on a terminal, a line that is updated in place;
// elsewhere, one plain line per epoch.
#pragma once

#include "train/train.h"

#include <chrono>
#include <string>

namespace hfc::train {

/// 83 -> "1:23", 3723 -> "1:02:03"; "?" for a negative or unknown time.
std::string format_seconds(double seconds);

/// "natural: epoch 3/12, batch 17/500, loss 1.2345, 270 images/s, 1:23 left", cut to `width`
/// characters.
std::string live_line(const std::string& title, const Progress& progress, size_t width);

/// "natural: epoch 3/12, loss 1.2345, train 0.412, test 0.380, 270 images/s, 12.3 s + 4.5 s probes"
std::string epoch_line(const std::string& title, const EpochResult& result, int64_t epochs);

class ProgressLine {
  public:
    /// title: the name of the training run ("natural"). descriptor: where to write, by default
    /// standard error. The line is updated only on a terminal.
    explicit ProgressLine(std::string title, int descriptor = 2);
    ~ProgressLine();
    ProgressLine(const ProgressLine&) = delete;
    ProgressLine& operator=(const ProgressLine&) = delete;

    /// Updates the line at most ten times per second: epoch, batch, images/s, loss, remaining time.
    void on_batch(const Progress& progress);
    /// Prints the epoch's final line, which is not overwritten: loss, accuracies, images/s,
    /// seconds.
    void on_epoch(const EpochResult& result, int64_t epochs);

  private:
    using Clock = std::chrono::steady_clock;
    void erase();
    void write(const std::string& text) const;

    std::string title_;
    int descriptor_;
    bool live_;
    Clock::time_point next_draw_ = Clock::time_point::min();
    bool drawn_ = false;
};

}  // namespace hfc::train
