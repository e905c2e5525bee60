// Checkpoints of a training as it runs.
#pragma once

#include "checkpoint/writer.h"
#include "train/resume.h"
#include "train/stepper.h"

#include <chrono>
#include <optional>

namespace hfc::train {

/// The probe that says which epoch is best; without it the least loss does.
inline constexpr const char* validation_name = "validation";

/// How many epochs came after the best one; of equals the first is best. There is at least one.
int64_t epochs_since_best(const std::vector<EpochResult>& results);

/// Writes checkpoints into the folder that the options name; does nothing where they name none.
class Checkpointer {
  public:
    /// All three must outlive the checkpointer.
    Checkpointer(Stepper& stepper, const data::Dataset& dataset, const TrainOptions& options);

    /// Where to begin: at the newest whole checkpoint if the options ask for it and there is one,
    /// else at the beginning.
    Position begin();

    /// Whether the last one is options.checkpoints.seconds old.
    bool due() const { return older_than(options_.seconds); }

    /// Begins to write one; returns as soon as what it holds is copied. Throws the Error of the one
    /// before.
    void save(const Position& position);
    /// Writes one and waits for it.
    void save_now(const Position& position);
    /// After an epoch: saves it, unless one was saved just now; an epoch that is better than all
    /// before it also under its number in the folder "best".
    void save_epoch(const Position& position);
    /// After the last epoch: the one that stays.
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
