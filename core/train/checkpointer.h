// Writes checkpoints of a training run while it continues.
#pragma once

#include "checkpoint/writer.h"
#include "train/resume.h"
#include "train/stepper.h"

#include <chrono>
#include <optional>

namespace hfc::train {

/// The probe that determines which epoch is best; without it, the lowest loss does.
inline constexpr const char* validation_name = "validation";

/// The number by which epochs are compared: the accuracy on the probe "validation" or, without it,
/// the negative training loss.
double merit_of(const EpochResult& result);

/// The number of epochs after the best one; the first of several equally good epochs counts as the
/// best. There must be at least one epoch.
int64_t epochs_since_best(const std::vector<EpochResult>& results);

/// Writes checkpoints to the directory in the options; does nothing if there is no directory.
class Checkpointer {
  public:
    /// All three must outlive the checkpointer.
    Checkpointer(Stepper& stepper, const data::Dataset& dataset, const TrainOptions& options);

    /// Returns the position at which to start: the position of the newest intact checkpoint if the
    /// options request a resume and there is one, otherwise the beginning.
    Position begin();

    /// Whether the last checkpoint is options.checkpoints.seconds old.
    bool due() const { return older_than(options_.seconds); }

    /// Starts to write a checkpoint and returns as soon as its contents have been copied. Throws
    /// the Error from writing the previous one.
    void save(const Position& position);
    /// Writes a checkpoint and waits for it.
    void save_now(const Position& position);
    /// After an epoch: saves it, unless a checkpoint has just been written. An epoch that is better
    /// than all earlier ones is also saved under its number in the directory "best".
    void save_epoch(const Position& position);
    /// After the last epoch: writes the checkpoint to keep.
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
