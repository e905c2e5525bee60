#include "train/checkpointer.h"

#include "base/error.h"
#include "checkpoint/broadcast.h"
#include "parallel/group.h"

#include <algorithm>

namespace hfc::train {

double merit_of(const EpochResult& result) {
    const auto validation =
        std::ranges::find(result.accuracy, validation_name, &std::pair<std::string, double>::first);
    return validation != result.accuracy.end() ? validation->second : -result.loss;
}

int64_t epochs_since_best(const std::vector<EpochResult>& results) {
    return results.end() - 1 - std::ranges::max_element(results, {}, merit_of);
}

Checkpointer::Checkpointer(Stepper& stepper, const data::Dataset& dataset,
                           const TrainOptions& options)
    : stepper_(stepper), options_(options.checkpoints) {
    auto& group = parallel::world();
    if (options_.folder.empty() && group.size() == 1) {
        return;
    }
    training_ = describe(dataset, options);
    training_["groups"] = options.given_optimizer ? stepper_.describe_groups() : checkpoint::Json();
    for (const auto& [key, value] : training_.items()) {
        parallel::require_same(group, fmt::format("the training run's {}", key), value.dump());
    }
    parallel::require_same(group, "the number of epochs", std::to_string(options.epochs));
    if (options_.folder.empty() || !group.leads()) {
        return;
    }
    store_.emplace(options_.folder, options_.keep);
    writer_.emplace(*store_);
    const auto there = store_->numbers();
    require(there.empty() || options_.resume,
            "'{}' contains the checkpoints of a different training run", options_.folder.string());
    next_ = there.empty() ? 0 : there.back() + 1;
}

Position Checkpointer::begin() {
    const auto newest = checkpoint::broadcast(parallel::world(), store_ && options_.resume
                                                                     ? store_->newest(options_.warn)
                                                                     : std::nullopt);
    return newest ? restore(*newest, stepper_.trained(), training_, options_.warn) : Position();
}

bool Checkpointer::older_than(double seconds) const {
    return store_ &&
           std::chrono::steady_clock::now() - last_ >= std::chrono::duration<double>(seconds);
}

bool Checkpointer::is_best(const Position& position) const {
    return options_.best && epochs_since_best(position.results) == 0;
}

void Checkpointer::save(const Position& position) {
    if (!store_) {
        return;
    }
    std::optional<checkpoint::Writer::Link> best;
    if (position.batch == 0 && !position.results.empty() && is_best(position)) {
        best = checkpoint::Writer::Link{checkpoint::Store(options_.folder / "best", 1),
                                        position.results.back().epoch};
    }
    writer_->save(next_++, capture(stepper_.trained(), position, training_), best);
    last_ = std::chrono::steady_clock::now();
}

void Checkpointer::save_now(const Position& position) {
    save(position);
    if (writer_) {
        writer_->wait();
    }
}

void Checkpointer::save_epoch(const Position& position) {
    if (store_ && (is_best(position) || older_than(options_.seconds / 10))) {
        save(position);
    }
}

void Checkpointer::save_last(const Position& position) {
    if (store_) {
        save_now(position);
        store_->prune(1);
    }
}

}  // namespace hfc::train
