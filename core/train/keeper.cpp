#include "train/keeper.h"

#include "base/error.h"

#include <algorithm>

namespace hfc::train {
namespace {

/// What makes an epoch better than another.
double merit_of(const EpochResult& result) {
    const auto validation =
        std::ranges::find(result.accuracy, validation_name, &std::pair<std::string, double>::first);
    return validation != result.accuracy.end() ? validation->second : -result.loss;
}

}  // namespace

int64_t epochs_since_best(const std::vector<EpochResult>& results) {
    return results.end() - 1 - std::ranges::max_element(results, {}, merit_of);
}

Keeper::Keeper(model::Model& model, optim::Optimizer& optimizer, const data::Dataset& dataset,
               const TrainOptions& options)
    : model_(model), optimizer_(optimizer), options_(options.checkpoints) {
    if (options_.folder.empty()) {
        return;
    }
    store_.emplace(options_.folder, options_.keep);
    training_ = describe(dataset, options);
    const auto there = store_->numbers();
    require(there.empty() || options_.resume, "'{}' holds the checkpoints of another training",
            options_.folder.string());
    next_ = there.empty() ? 0 : there.back() + 1;
}

Position Keeper::begin() {
    const auto newest = store_ && options_.resume ? store_->newest(options_.warn) : std::nullopt;
    return newest ? restore(*newest, model_, optimizer_, training_, options_.warn) : Position();
}

bool Keeper::older_than(double seconds) const {
    return store_ &&
           std::chrono::steady_clock::now() - last_ >= std::chrono::duration<double>(seconds);
}

void Keeper::save(const Position& position) {
    if (store_) {
        store_->save(next_++, capture(model_, optimizer_, position, training_));
        last_ = std::chrono::steady_clock::now();
    }
}

void Keeper::save_epoch(const Position& position) {
    if (older_than(options_.seconds / 10)) {
        save(position);
    }
}

void Keeper::save_best(const Position& position) const {
    const auto& results = position.results;
    if (!store_ || !options_.best || epochs_since_best(results) > 0) {
        return;
    }
    const checkpoint::Store best(options_.folder / "best", 1);
    best.save(results.back().epoch, capture(model_, optimizer_, position, training_));
}

void Keeper::save_last(const Position& position) {
    if (store_) {
        save(position);
        store_->prune(1);
    }
}

}  // namespace hfc::train
