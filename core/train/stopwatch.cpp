#include "train/stopwatch.h"

#include <algorithm>

namespace hfc::train {

void Stopwatch::start_training() {
    start_ = Clock::now();
    images_this_epoch_ = 0;
    phase_ = Phase::training;
}

void Stopwatch::trained(int64_t images) {
    images_this_epoch_ += images;
}

double Stopwatch::end_training() {
    last_train_seconds_ = since_start();
    train_seconds_ += last_train_seconds_;
    ++epochs_trained_;
    phase_ = Phase::idle;
    return last_train_seconds_;
}

void Stopwatch::start_probes() {
    start_ = Clock::now();
    probe_share_ = 0;
    phase_ = Phase::probes;
}

double Stopwatch::end_probes() {
    const auto seconds = since_start();
    probe_seconds_ += seconds;
    ++epochs_probed_;
    phase_ = Phase::idle;
    return seconds;
}

double Stopwatch::images_per_second() const {
    const auto seconds = phase_ == Phase::training ? since_start() : last_train_seconds_;
    return seconds > 0 ? static_cast<double>(images_this_epoch_) / seconds : 0;
}

double Stopwatch::seconds_left() const {
    const bool training = phase_ == Phase::training, probing = phase_ == Phase::probes;
    const auto trained =
        static_cast<double>(epochs_trained_ * train_images_ + (training ? images_this_epoch_ : 0));
    if (trained == 0) {
        return 0;
    }
    const auto seconds_an_image = (train_seconds_ + (training ? since_start() : 0)) / trained;
    const auto train_left =
        seconds_an_image *
        std::max(0.0, static_cast<double>(epochs_ * train_images_ - skipped_images_) - trained);
    // As long as no probe has been timed, a forward pass is assumed to take a quarter of a training
    // step.
    const auto probes_timed = static_cast<double>(epochs_probed_) + (probing ? probe_share_ : 0);
    const auto seconds_a_probing =
        probes_timed > 0 ? (probe_seconds_ + (probing ? since_start() : 0)) / probes_timed
                         : seconds_an_image / 4 * static_cast<double>(probe_images_);
    return train_left +
           std::max(0.0, seconds_a_probing * (static_cast<double>(epochs_) - probes_timed));
}

}  // namespace hfc::train
