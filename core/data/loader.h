// Batches of a data set in a given order, read ahead by threads.
#pragma once

#include "data/dataset.h"

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace hfc::data {

/// What to do with a sample that cannot be read.
enum class Bad {
    stop,  ///< next() throws Error for its batch
    skip,  ///< the next readable sample of the order takes its place
};

struct LoaderOptions {
    int64_t batch_size = 100;  ///< images per batch, at least 1; the last batch may have fewer
    bool drop_last = false;    ///< leave out the last batch if it is smaller
    int64_t first = 0;         ///< the first batch to return, 0 to the number of batches
    Draw draw = {};            ///< determines the random numbers, together with each sample's index
    /// The number of reading threads, at least 0. With 0, next() reads the samples itself. If
    /// unset, it is the number of cores for a slow source, and 0 for any other source. A source
    /// that runs a script's code is always read by next().
    std::optional<int64_t> threads = {};
    /// The number of batches that the threads read before they are needed, at least 1. If memory is
    /// short, it is reduced, but not below 2.
    int64_t ahead = 2;
    /// This process takes the positions rank, rank + ranks, ... of the order.
    int64_t rank = 0;   ///< 0 to ranks - 1
    int64_t ranks = 1;  ///< the number of processes that share the epoch, at least 1
    Bad bad = Bad::stop;
};

/// Throws Error for a number out of range.
void require_valid(const LoaderOptions& options);

/// The number of batches for this many samples.
int64_t number_of_batches(int64_t samples, int64_t batch_size, bool drop_last);

/// The batches are the same for any number of threads. Not thread-safe.
class Loader {
  public:
    /// order: int64 positions in `dataset`, each at most once; if undefined, 0 to size() - 1.
    /// Throws Error for an option out of range.
    explicit Loader(const Dataset& dataset, const at::Tensor& order = {},
                    const LoaderOptions& options = {});
    ~Loader();
    Loader(const Loader&) = delete;
    Loader& operator=(const Loader&) = delete;

    /// The total number of batches, including those before `first`.
    int64_t batches() const;
    /// Returns the next batch, or nothing after the last one. Throws Error if a sample cannot be
    /// read and Bad::stop is set, or if more than one in a thousand (and more than ten) had to be
    /// skipped. Throws Interrupted if the user asks to stop while next() waits for the threads.
    std::optional<Batch> next();
    /// The samples skipped so far, in the order of the batches.
    const std::vector<BadSample>& skipped() const;

  private:
    class Work;
    std::unique_ptr<Work> work_;
};

}  // namespace hfc::data
