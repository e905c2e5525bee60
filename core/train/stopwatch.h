// How long a training takes: its speed so far and what is left of it.
#pragma once

#include <chrono>
#include <cstdint>

namespace hfc::train {

/// Told what happens, it answers how fast and how long yet. Training and probes are timed apart,
/// since they cost differently.
class Stopwatch {
  public:
    /// epochs of `train_images` each, followed by forward passes of `probe_images`.
    Stopwatch(int64_t epochs, int64_t train_images, int64_t probe_images)
        : epochs_(epochs), train_images_(train_images), probe_images_(probe_images) {}

    /// What an earlier process has done, and of the epoch that goes on so many images: neither done
    /// here nor left.
    void skip(int64_t epochs, int64_t images) {
        epochs_ -= epochs;
        skipped_images_ = images;
    }

    void start_training();
    void trained(int64_t images);
    /// Time in which nothing was done: as if it had not passed.
    void paused(double seconds) {
        start_ +=
            std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(seconds));
    }
    /// Ends an epoch's training part; its seconds.
    double end_training();

    void start_probes();
    /// The share of the epoch's probe passes done, in [0,1].
    void probed(double share) { probe_share_ = share; }
    /// Ends an epoch's probes; their seconds.
    double end_probes();

    /// Of the training part of the current epoch.
    double images_per_second() const;
    /// Of the whole training, probes included.
    double seconds_left() const;

  private:
    using Clock = std::chrono::steady_clock;
    enum class Phase { idle, training, probes };
    double since_start() const {
        return std::chrono::duration<double>(Clock::now() - start_).count();
    }

    int64_t epochs_, train_images_, probe_images_;
    int64_t skipped_images_ = 0;
    Phase phase_ = Phase::idle;
    Clock::time_point start_ = Clock::now();
    int64_t epochs_trained_ = 0, epochs_probed_ = 0;
    int64_t images_this_epoch_ = 0;
    double probe_share_ = 0;
    double last_train_seconds_ = 0, train_seconds_ = 0, probe_seconds_ = 0;
};

}  // namespace hfc::train
