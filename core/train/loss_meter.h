// The mean loss of an epoch, and the watch for one that is not finite.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <vector>

namespace hfc::train {

/// Collects the batches' losses. Reading one from a GPU waits for all that is queued there, so on other devices than the CPU they are read
/// in groups.
class LossMeter {
  public:
    LossMeter(int64_t epoch, double lr) : epoch_(epoch), lr_(lr) {}

    /// loss: the batch's mean loss, a scalar tensor; images: how many it is the mean of.
    /// Throws Error naming epoch and batch as soon as a loss read is not finite.
    void add(const at::Tensor& loss, int64_t images);
    /// Reads what is not read yet. Throws as add() does.
    void flush();
    /// The mean over the images read so far; 0 before the first.
    double mean() const;

  private:
    int64_t epoch_;
    double lr_;
    int64_t batches_read_ = 0;
    int64_t images_read_ = 0;
    double sum_ = 0;
    std::vector<at::Tensor> waiting_;
    std::vector<int64_t> waiting_images_;
};

}  // namespace hfc::train
