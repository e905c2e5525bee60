// Threads that read the samples of batches before they are needed.
#pragma once

#include "data/source.h"

#include <ATen/core/Tensor.h>

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace hfc::data {

/// A batch that is being filled by threads.
struct Slot {
    at::Tensor positions;              ///< int64 [n], in the data set
    at::Tensor samples;                ///< int64 [n], in the source
    at::Tensor images;                 ///< [n, C, H, W]
    std::vector<std::string> reasons;  ///< [n]: "" if the sample could be read
    int64_t begun = 0;                 ///< images that threads have started to read
    int64_t left = 0;                  ///< images that have not been read yet
};

/// Reads one sample, int64 [1]. Returns a description of the problem, or "".
std::string read_one(const Source& source, const at::Tensor& sample, const Draw& draw,
                     at::Tensor into);

/// The default number of bad samples at which read_all() stops.
constexpr size_t most_bad_samples = 10;

/// Reads all `samples` (int64 [n]) into `into` [n, C, H, W], using all cores. If `into` is null,
/// the images are discarded. Returns the first `most` bad samples found, in the order of `samples`.
/// Throws Interrupted if the user asks to stop.
std::vector<BadSample> read_all(const Source& source, const at::Tensor& samples,
                                at::Tensor* into = nullptr, size_t most = most_bad_samples);

/// Threads that read the samples of slots in order. Only one thread may call add() and take().
class Readers {
  public:
    /// `source` must outlive the readers.
    Readers(const Source& source, const Draw& draw, int64_t threads);
    ~Readers();
    Readers(const Readers&) = delete;
    Readers& operator=(const Readers&) = delete;

    size_t slots() const { return slots_.size(); }
    void add(Slot slot);
    /// Waits until the first slot is full and returns it. Throws Interrupted if the user asks to
    /// stop during the wait.
    Slot take();

  private:
    void run();

    const Source& source_;
    Draw draw_;
    std::mutex mutex_;
    std::condition_variable more_, full_;
    /// A std::deque, because threads hold references to the elements, which must not move.
    std::deque<Slot> slots_;
    bool stop_ = false;
    std::vector<std::thread> threads_;
};

}  // namespace hfc::data
