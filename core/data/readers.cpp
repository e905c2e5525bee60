#include "data/readers.h"

#include "base/interrupt.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <exception>
#include <map>

#ifdef _OPENMP
#include <omp.h>
#else
// From the OpenMP library that comes with LibTorch.
extern "C" void omp_set_num_threads(int count);
#endif

namespace hfc::data {

std::string read_one(const Source& source, const at::Tensor& sample, const Draw& draw,
                     at::Tensor into) {
    try {
        source.read(sample, draw, into);
        return {};
    } catch (const Interrupted&) {
        throw;
    } catch (const std::exception& error) {
        const std::string reason = error.what();
        return reason.empty() ? "it cannot be read" : reason;
    }
}

std::vector<BadSample> read_all(const Source& source, const at::Tensor& samples, at::Tensor* into,
                                size_t most) {
    std::mutex mutex;
    std::map<int64_t, BadSample> bad;
    std::atomic<bool> enough = false;
    const auto read_some = [&](int64_t begin, int64_t end) {
        const auto [channels, height, width] = source.shape();
        auto image = at::empty({1, channels, height, width}, source.dtype());
        for (auto i = begin; i < end && !enough; ++i) {
            check_interrupt();
            const auto place = into != nullptr ? into->narrow(0, i, 1) : image;
            if (auto reason = read_one(source, samples.narrow(0, i, 1), {}, place);
                !reason.empty()) {
                const std::scoped_lock lock(mutex);
                if (bad.size() < most) {
                    bad.emplace(i, BadSample{samples[i].item<int64_t>(), std::move(reason)});
                }
                enough = bad.size() >= most;
            }
        }
    };
    if (source.runs_script()) {
        read_some(0, samples.size(0));
    } else {
        at::parallel_for(0, samples.size(0), 1, read_some);
    }
    std::vector<BadSample> result;
    for (auto& [position, sample] : bad) {
        result.push_back(std::move(sample));
    }
    return result;
}

Readers::Readers(const Source& source, const Draw& draw, int64_t threads)
    : source_(source), draw_(draw) {
    for (int64_t i = 0; i < threads; ++i) {
        threads_.emplace_back([this] { run(); });
    }
}

Readers::~Readers() {
    {
        const std::scoped_lock lock(mutex_);
        stop_ = true;
    }
    more_.notify_all();
    for (auto& thread : threads_) {
        thread.join();
    }
}

void Readers::add(Slot slot) {
    {
        const std::scoped_lock lock(mutex_);
        slots_.push_back(std::move(slot));
    }
    more_.notify_all();
}

Slot Readers::take() {
    std::unique_lock lock(mutex_);
    while (slots_.front().left > 0) {
        full_.wait_for(lock, std::chrono::milliseconds(100));
        check_interrupt();
    }
    Slot slot = std::move(slots_.front());
    slots_.pop_front();
    return slot;
}

void Readers::run() {
    omp_set_num_threads(1);  // only for this thread: the readers already share the cores
    std::unique_lock lock(mutex_);
    while (true) {
        const auto waits = [](const Slot& slot) { return slot.begun < slot.samples.size(0); };
        more_.wait(lock, [&] { return stop_ || std::ranges::any_of(slots_, waits); });
        if (stop_) {
            return;
        }
        // The slot stays in place while its images are being read, because take() moves only full
        // slots.
        Slot& slot = *std::ranges::find_if(slots_, waits);
        const auto i = slot.begun++;
        const auto sample = slot.samples.narrow(0, i, 1);
        const auto into = slot.images.narrow(0, i, 1);
        lock.unlock();
        std::string reason;
        try {
            reason = read_one(source_, sample, draw_, into);
        } catch (const std::exception&) {
            reason = "interrupted";  // take() throws Interrupted, too
        }
        lock.lock();
        slot.reasons[static_cast<size_t>(i)] = std::move(reason);
        if (--slot.left == 0) {
            full_.notify_all();
        }
    }
}

}  // namespace hfc::data
