// Batches of a data set in an order, read ahead by threads.
#pragma once

#include "data/dataset.h"

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace hfc::data {

/// What happens at a sample that cannot be read.
enum class Bad {
    stop,  ///< the batch it belongs to throws Error
    skip,  ///< the next good sample of the order takes its place
};

struct LoaderOptions {
    int64_t batch_size = 100;  ///< images a batch, at least 1; the last batch may have fewer
    bool drop_last = false;    ///< a last batch of fewer images is left out
    int64_t first = 0;         ///< the first batch to give, 0 to the number of batches
    Draw draw = {};            ///< of what is random, together with each sample's index
    /// Threads that read, at least 0: with 0 next() reads. Unset: as many as the cores for a slow
    /// source, else 0. A source that runs code of a script is read by next() always.
    std::optional<int64_t> threads = {};
    int64_t ahead = 2;  ///< batches that the threads read before they are asked for, at least 1;
                        ///< fewer, but at least 2, where memory is short
    /// This process takes the positions rank, rank + ranks, ... of the order.
    int64_t rank = 0;   ///< 0 to ranks - 1
    int64_t ranks = 1;  ///< processes that share the epoch, at least 1
    Bad bad = Bad::stop;
};

/// Throws Error for a number out of range.
void require_valid(const LoaderOptions& options);

/// Of so many samples.
int64_t number_of_batches(int64_t samples, int64_t batch_size, bool drop_last);

/// The batches are the same for any number of threads. Not for several threads at once.
class Loader {
  public:
    /// order: int64 positions in `dataset`, each at most once; undefined: 0 to size() - 1. Throws
    /// Error for an option out of range.
    explicit Loader(const Dataset& dataset, const at::Tensor& order = {},
                    const LoaderOptions& options = {});
    ~Loader();
    Loader(const Loader&) = delete;
    Loader& operator=(const Loader&) = delete;

    /// In all, those before `first` among them.
    int64_t batches() const;
    /// The next batch; nothing behind the last. Throws Error for a sample that cannot be read, and
    /// where more than one in a thousand (and more than ten) had to be skipped. Throws Interrupted
    /// while it waits for the threads.
    std::optional<Batch> next();
    /// The samples that were skipped so far, in the order of the batches.
    const std::vector<BadSample>& skipped() const;

  private:
    class Work;
    std::unique_ptr<Work> work_;
};

}  // namespace hfc::data
