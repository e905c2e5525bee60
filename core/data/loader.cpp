#include "data/loader.h"

#include "base/error.h"
#include "data/pixel_memory.h"
#include "data/readers.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <limits>
#include <set>
#include <thread>

namespace hfc::data {
namespace {

int64_t threads_for(const Dataset& dataset, const LoaderOptions& options) {
    if (dataset.source().runs_script()) {
        return 0;
    }
    const auto cores = std::max(1U, std::thread::hardware_concurrency());
    return options.threads.value_or(dataset.source().is_slow() ? static_cast<int64_t>(cores) : 0);
}

}  // namespace

void require_valid(const LoaderOptions& options) {
    require(options.batch_size >= 1, "the batch size must be at least 1, got {}",
            options.batch_size);
    require(options.threads.value_or(0) >= 0 && options.threads.value_or(0) <= 1024,
            "threads must be 0 to 1024, got {}", options.threads.value_or(0));
    require(options.ahead >= 1 && options.ahead <= 1024,
            "'ahead' must be 1 to 1024 batches, got {}", options.ahead);
    require(options.ranks >= 1, "ranks must be at least 1, got {}", options.ranks);
    require(options.rank >= 0 && options.rank < options.ranks,
            "rank must be 0 to {} (for ranks = {}), got {}", options.ranks - 1, options.ranks,
            options.rank);
}

int64_t number_of_batches(int64_t samples, int64_t batch_size, bool drop_last) {
    const bool rest = samples % batch_size > 0 && !drop_last;
    return samples / batch_size + (rest ? 1 : 0);
}

class Loader::Work {
  public:
    Work(const Dataset& dataset, const at::Tensor& order, const LoaderOptions& options)
        : dataset_(dataset), options_(options) {
        require_valid(options);
        if (order.defined()) {
            dataset.require_positions(order);
        }
        const auto all = order.defined() ? order : at::arange(dataset.size(), at::kLong);
        const auto mine = all.slice(0, options.rank, all.size(0), options.ranks);
        const bool fits = dataset.size() <= std::numeric_limits<int32_t>::max();
        order_ = mine.to(fits ? at::kInt : at::kLong).contiguous();
        batches_ = number_of_batches(order_.size(0), options.batch_size, options.drop_last);
        require(options.first >= 0 && options.first <= batches_,
                "the first batch must be between 0 and {} (the number of batches), got {}",
                batches_, options.first);
        next_ = given_ = options.first;
        if (const auto threads = threads_for(dataset, options); threads > 0 && next_ < batches_) {
            slots_ahead_ = fitting_slots();
            readers_ = std::make_unique<Readers>(dataset_.source(), options.draw, threads);
        }
    }

    int64_t batches() const { return batches_; }
    const std::vector<BadSample>& skipped() const { return skipped_; }

    std::optional<Batch> next() {
        if (given_ >= batches_) {
            return {};
        }
        if (!readers_) {
            auto slot = read(slot_of(given_));
            return finish(std::move(slot));
        }
        while (next_ < batches_ && readers_->slots() < slots_ahead_) {
            readers_->add(slot_of(next_++));
        }
        return finish(readers_->take());
    }

  private:
    /// The requested number of batches, or fewer if they do not fit into half of the pixel memory.
    size_t fitting_slots() const {
        const auto [channels, height, width] = dataset_.source().shape();
        const auto bytes = static_cast<uint64_t>(options_.batch_size * channels * height * width) *
                           c10::elementSize(dataset_.source().dtype());
        const auto fit = std::max<uint64_t>(2, default_pixel_memory() / 2 / bytes);
        return std::min(static_cast<uint64_t>(options_.ahead), fit);
    }

    Slot slot_of(int64_t batch) const {
        Slot slot;
        const auto begin = batch * options_.batch_size;
        slot.positions =
            order_.slice(0, begin, std::min(begin + options_.batch_size, order_.size(0)))
                .to(at::kLong, /*non_blocking=*/false, /*copy=*/true);
        slot.samples = dataset_.samples_at(slot.positions);
        slot.images = dataset_.make_room(slot.samples);
        slot.left = slot.samples.size(0);
        slot.reasons.resize(static_cast<size_t>(slot.left));
        return slot;
    }

    /// Used without threads. Reads all samples in one call or, if that fails, each of them
    /// individually.
    Slot read(Slot slot) const {
        if (read_one(dataset_.source(), slot.samples, options_.draw, slot.images).empty()) {
            return slot;
        }
        for (int64_t i = 0; i < slot.samples.size(0); ++i) {
            slot.reasons[static_cast<size_t>(i)] =
                read_one(dataset_.source(), slot.samples.narrow(0, i, 1), options_.draw,
                         slot.images.narrow(0, i, 1));
        }
        return slot;
    }

    Batch finish(Slot slot) {
        const auto batch = given_++;
        if (options_.bad == Bad::stop) {
            require_good(slot);
        }
        for (size_t i = 0; i < slot.reasons.size(); ++i) {
            if (!slot.reasons[i].empty()) {
                replace(slot, static_cast<int64_t>(i), batch);
            }
        }
        return dataset_.finish(slot.images, slot.positions, options_.draw);
    }

    /// Reports the bad samples of a batch in a single error.
    static void require_good(const Slot& slot) {
        std::vector<std::string> reasons;
        std::ranges::copy_if(slot.reasons, std::back_inserter(reasons),
                             [](const std::string& reason) { return !reason.empty(); });
        const auto count = reasons.size();
        if (count == 1) {
            fail("{}", reasons.front());
        }
        reasons.resize(std::min(count, most_bad_samples));
        require(count == 0, "{} of the {} samples in the batch cannot be read: {}{}", count,
                slot.reasons.size(), fmt::join(reasons, "; "),
                count > reasons.size() ? "; ..." : "");
    }

    void skip(int64_t sample, const std::string& reason) {
        constexpr int64_t few = 10, one_in = 1000;
        if (!known_.insert(sample).second) {
            return;
        }
        skipped_.push_back({sample, reason});
        const auto count = static_cast<int64_t>(skipped_.size());
        require(count <= std::max(few, order_.size(0) / one_in),
                "'{}': more than {} samples cannot be read (over one in {}); the first error: {}",
                dataset_.name(), count - 1, one_in, skipped_.front().reason);
    }

    /// Replaces a bad sample with the next good one in the order.
    void replace(Slot& slot, int64_t i, int64_t batch) {
        skip(slot.samples[i].item<int64_t>(), slot.reasons[static_cast<size_t>(i)]);
        const auto place = batch * options_.batch_size + i;
        for (int64_t step = 1; step < order_.size(0); ++step) {
            const auto position =
                order_.narrow(0, (place + step) % order_.size(0), 1).to(at::kLong);
            const auto sample = dataset_.samples_at(position);
            const auto reason =
                read_one(dataset_.source(), sample, options_.draw, slot.images.narrow(0, i, 1));
            if (reason.empty()) {
                slot.positions.narrow(0, i, 1).copy_(position);
                return;
            }
            skip(sample.item<int64_t>(), reason);
        }
        fail("'{}': no sample can be read; the first error: {}", dataset_.name(),
             skipped_.front().reason);
    }

    Dataset dataset_;
    LoaderOptions options_;
    at::Tensor order_;  ///< int32 where that is enough: a million positions take 4 MB
    int64_t batches_ = 0;
    int64_t next_ = 0;   ///< to be asked from the readers
    int64_t given_ = 0;  ///< to be given by next()
    size_t slots_ahead_ = 0;
    std::vector<BadSample> skipped_;
    std::set<int64_t> known_;  ///< the samples of skipped_
    std::unique_ptr<Readers> readers_;
};

Loader::Loader(const Dataset& dataset, const at::Tensor& order, const LoaderOptions& options)
    : work_(std::make_unique<Work>(dataset, order, options)) {}

Loader::~Loader() = default;

int64_t Loader::batches() const {
    return work_->batches();
}

std::optional<Batch> Loader::next() {
    return work_->next();
}

const std::vector<BadSample>& Loader::skipped() const {
    return work_->skipped();
}

}  // namespace hfc::data
