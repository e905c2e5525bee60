// Writes checkpoints of a training run in the background.
#pragma once

#include "checkpoint/writer.h"
#include "train/resume.h"
#include "train/stepper.h"

#include <chrono>
#include <optional>

namespace hfc::train {

/// The name of the probe that determines the best epoch; without such a probe, the epoch with the
/// lowest loss is the best.
inline constexpr const char* validation_name = "validation";

/// The number by which epochs are compared: the accuracy on the "validation" probe or, without that
/// probe, the negative training loss.
double merit_of(const EpochResult& result);

/// The number of epochs after the best one; the first of several equally good epochs counts as the
/// best. There must be at least one epoch.
int64_t epochs_since_best(const std::vector<EpochResult>& results);

/// Writes checkpoints to the directory given in the options; does nothing if none is given.
class Checkpointer {
  public:
    /// All three arguments must outlive the checkpointer.
    Checkpointer(Stepper& stepper, const data::Dataset& dataset, const TrainOptions& options);

    /// Returns the position to start from: the position of the newest intact checkpoint if the
    /// options request resuming and there is such a checkpoint, otherwise the beginning.
    Position begin();

    /// Whether at least options.checkpoints.seconds have passed since the last checkpoint.
    bool due() const { return older_than(options_.seconds); }

    /// Starts writing a checkpoint and returns as soon as its contents have been copied. Throws
    /// Error if the previous checkpoint could not be written.
    void save(const Position& position);
    /// Writes a checkpoint and waits until it is complete.
    void save_now(const Position& position);
    /// After an epoch: saves a checkpoint, unless one has just been written. If the best epoch is
    /// to be kept, an epoch that is better than all earlier ones is always saved; its checkpoint
    /// also appears in the directory "best", under the number of the epoch.
    void save_epoch(const Position& position);
    /// After the last epoch: writes the final checkpoint and deletes the earlier ones.
    void save_last(const Position& position);

  private:
    bool older_than(double seconds) const;
    bool is_best(const Position& position) const;

    Stepper& stepper_;
    const CheckpointOptions& options_;
    std::optional<checkpoint::Store> store_;
    std::optional<checkpoint::Writer> writer_;
    checkpoint::Json training_;
    int64_t next_ = 0;
    std::chrono::steady_clock::time_point last_ = std::chrono::steady_clock::now();
};

}  // namespace hfc::train
