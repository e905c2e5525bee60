// The mean loss of an epoch, and the check for losses that are not finite.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace hfc::train {

/// Collects the batches' losses. Reading a loss from a GPU waits for all queued work, so on devices
/// other than the CPU, losses are read in groups.
class RunningLoss {
  public:
    /// The losses read so far.
    struct Sums {
        double sum = 0;  ///< over the images
        int64_t images = 0;
        int64_t batches = 0;
        std::map<std::string, double> terms = {};  ///< over the images, by name
    };
    using Terms = std::vector<std::pair<std::string, at::Tensor>>;

    /// read: if an interrupted epoch is continued, the sums of its finished batches.
    RunningLoss(int64_t epoch, double lr, const Sums& read) : epoch_(epoch), lr_(lr), read_(read) {}

    /// loss: the batch's mean loss, a scalar tensor. images: the number of images in the mean.
    /// terms: scalar tensors, each a mean over the same images. Throws Error, naming the epoch and
    /// the batch, as soon as it reads a loss that is not finite.
    void add(const at::Tensor& loss, int64_t images, const Terms& terms = {});
    /// Reads the remaining losses. Throws like add().
    void flush();
    /// The mean loss per image, over all losses read so far; 0 if there are none.
    double mean() const;
    /// The same for each term, by name.
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
