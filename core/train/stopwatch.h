// Measures the speed of training and estimates the remaining time.
#pragma once

#include <chrono>
#include <cstdint>

namespace hfc::train {

/// Receives events and reports the speed and the remaining time. Training and probes are timed
/// separately, because their costs differ.
class Stopwatch {
  public:
    /// Expects `epochs` epochs, each with `train_images` training images followed by forward passes
    /// of `probe_images` images.
    Stopwatch(int64_t epochs, int64_t train_images, int64_t probe_images)
        : epochs_(epochs), train_images_(train_images), probe_images_(probe_images) {}

    /// Excludes the work of an earlier process from the speed and the remaining time: `epochs`
    /// whole epochs, and `images` images of the current one.
    void skip(int64_t epochs, int64_t images) {
        epochs_ -= epochs;
        skipped_images_ = images;
    }

    void start_training();
    void trained(int64_t images);
    /// Excludes the time during which training was paused.
    void paused(double seconds) {
        start_ +=
            std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(seconds));
    }
    /// Ends the training part of an epoch and returns its duration in seconds.
    double end_training();

    void start_probes();
    /// Sets the fraction of the epoch's probe passes that are finished, in [0,1].
    void probed(double share) { probe_share_ = share; }
    /// Ends the probes of an epoch and returns their duration in seconds.
    double end_probes();

    /// The speed in the training part of the current epoch.
    double images_per_second() const;
    /// The remaining time of the whole training run, including probes.
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
