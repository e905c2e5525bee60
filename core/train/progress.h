// The progress of a training on standard error: a live line on a terminal, one plain line an epoch elsewhere.
#pragma once

#include "train/train.h"

#include <memory>
#include <string>

namespace hfc::train {

class ProgressLine {
  public:
    /// title: what is trained ("natural"). Live redrawing only where standard error is a terminal.
    explicit ProgressLine(std::string title);
    ~ProgressLine();
    ProgressLine(const ProgressLine&) = delete;
    ProgressLine& operator=(const ProgressLine&) = delete;

    /// At most ten redraws a second: epoch, batch, images/s, loss, time left.
    void on_batch(const Progress& progress);
    /// The epoch's line: loss, accuracies, images/s, seconds. It stays.
    void on_epoch(const EpochResult& result, int64_t epochs);

  private:
    void erase();
    std::string title_;
    bool live_;
    double last_draw_ = -1;
    bool drawn_ = false;
};

}  // namespace hfc::train
