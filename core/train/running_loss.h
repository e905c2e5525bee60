// The mean loss of an epoch, and the watch for one that is not finite.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace hfc::train {

/// Collects the batches' losses. Reading one from a GPU waits for all that is queued there, so on
/// other devices than the CPU they are read in groups.
class RunningLoss {
  public:
    /// What has been read so far.
    struct Sums {
        double sum = 0;  ///< of the images' losses
        int64_t images = 0;
        int64_t batches = 0;
        std::map<std::string, double> terms = {};  ///< of the images' terms
    };
    using Terms = std::vector<std::pair<std::string, at::Tensor>>;

    /// read: where the epoch was left, if it was.
    RunningLoss(int64_t epoch, double lr, const Sums& read) : epoch_(epoch), lr_(lr), read_(read) {}

    /// loss: the batch's mean loss, a scalar tensor; images: how many it is the mean of; terms:
    /// scalar tensors, means of them too.
    /// Throws Error naming epoch and batch as soon as a loss read is not finite.
    void add(const at::Tensor& loss, int64_t images, const Terms& terms = {});
    /// Reads what is not read yet. Throws as add() does.
    void flush();
    /// The mean over the images read so far; 0 before the first.
    double mean() const;
    /// The same of each term, by name.
    std::vector<std::pair<std::string, double>> term_means() const;
    const Sums& sums() const { return read_; }

  private:
    int64_t epoch_;
    double lr_;
    Sums read_;
    std::vector<at::Tensor> waiting_;
    std::vector<int64_t> waiting_images_;
    std::vector<Terms> waiting_terms_;
};

}  // namespace hfc::train
