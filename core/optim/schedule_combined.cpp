// Schedules made of other schedules, and the schedule that waits for a plateau.
#include "optim/schedule_parts.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace hfc::optim {

/// The common part of SequentialLR and ChainedScheduler: schedules of one optimizer.
class Combined : public Schedule {
  public:
    Combined(Optimizer& optimizer, std::vector<SchedulePtr> schedules)
        : Schedule(optimizer), schedules_(std::move(schedules)) {
        require(!schedules_.empty(), "expected at least one scheduler, got none");
        for (size_t i = 0; i < schedules_.size(); ++i) {
            require(&schedules_[i]->optimizer() == &optimizer,
                    "scheduler {} (a {}) belongs to a different optimizer", i + 1,
                    schedules_[i]->name());
            require(!schedules_[i]->needs_metric(),
                    "scheduler {} is a {}, which requires a metric at each step", i + 1,
                    schedules_[i]->name());
        }
    }
    void step_to(double /*epoch*/) override { fail("{} cannot jump to an epoch", name()); }

  protected:
    std::vector<double> rates() override { return present(); }
    void visit(ScheduleState& state) override {
        state("_last_lr", last_rates_);
        if (state.target() != nullptr) {
            auto& all = (*state.target())["_schedulers"] = Json::array();
            for (const auto& schedule : schedules_) {
                all.push_back(schedule->state());
            }
        } else if (state.source()->contains("_schedulers")) {
            const Json& all = state.source()->at("_schedulers");
            require(all.size() == schedules_.size(),
                    "the state has a different number of schedulers ({}) than the {} ({})",
                    all.size(), name(), schedules_.size());
            for (size_t i = 0; i < schedules_.size(); ++i) {
                schedules_[i]->load(all.at(i));
            }
        }
    }

    std::vector<SchedulePtr> schedules_;
};

class SequentialLR : public Combined {
  public:
    SequentialLR(Optimizer& optimizer, std::vector<SchedulePtr> schedules,
                 std::vector<int64_t> milestones)
        : Combined(optimizer, std::move(schedules)), milestones_(std::move(milestones)) {
        for (size_t i = 1; i < schedules_.size(); ++i) {
            // A combined scheduler would have to return to its first epoch, but has no formula for
            // that.
            require(dynamic_cast<Combined*>(schedules_[i].get()) == nullptr,
                    "scheduler {} is a {}, which can only be the first scheduler", i + 1,
                    schedules_[i]->name());
        }
    }
    std::string name() const override { return "SequentialLR"; }

    void start(int64_t last_epoch) override {
        check();
        last_epoch_ = last_epoch + 1;
        for (auto& group : groups()) {
            group.options.lr = group.scheduled.at("initial_lr");
        }
        undo();
        auto& first = *schedules_[index_at(0)];
        first.initial_step();
        last_rates_ = first.last_rates();
    }
    void step() override {
        ++last_epoch_;
        const size_t index = index_at(last_epoch_);
        auto& schedule = *schedules_[index];
        if (index > 0 && milestones_[index - 1] == last_epoch_) {
            schedule.update(0);
        } else {
            schedule.step();
        }
        last_rates_ = schedule.last_rates();
    }

  protected:
    void check() const override {
        require(
            milestones_.size() + 1 == schedules_.size(),
            "the number of milestones must be one less than the number of schedulers ({}), got {}",
            schedules_.size(), milestones_.size());
        require(std::ranges::is_sorted(milestones_), "milestones must not decrease, got [{}]",
                fmt::join(milestones_, ", "));
    }
    /// As in PyTorch, its own last_epoch does not change.
    void undo() override {
        for (const auto& schedule : schedules_) {
            schedule->undo();
        }
    }
    void visit(ScheduleState& state) override {
        state("_milestones", milestones_);
        state("last_epoch", last_epoch_);
        Combined::visit(state);
    }

  private:
    size_t index_at(int64_t epoch) const {
        return static_cast<size_t>(std::ranges::upper_bound(milestones_, epoch) -
                                   milestones_.begin());
    }

    std::vector<int64_t> milestones_;
};

class ChainedScheduler : public Combined {
  public:
    using Combined::Combined;
    std::string name() const override { return "ChainedScheduler"; }

    void start(int64_t /*last_epoch*/) override { last_rates_ = present(); }
    void step() override {
        for (const auto& schedule : schedules_) {
            schedule->step();
        }
        last_rates_ = present();
    }

  protected:
    void undo() override {
        for (const auto& schedule : schedules_) {
            schedule->undo();
        }
    }
};

namespace {

class ReduceLROnPlateau : public Schedule {
  public:
    ReduceLROnPlateau(Optimizer& optimizer, const PlateauOptions& options)
        : Schedule(optimizer),
          options_(options),
          least_(for_each_group("min_lr", options.min_lr)),
          one_least_(options.min_lr.size() == 1) {
        best_ = worst();
    }
    std::string name() const override { return "ReduceLROnPlateau"; }
    bool needs_metric() const override { return true; }

    void start(int64_t /*last_epoch*/) override {
        check();
        last_epoch_ = 0;
        last_rates_ = present();
    }
    void step() override {
        fail("ReduceLROnPlateau requires a metric, such as the loss, at each step");
    }
    void step_to(double /*epoch*/) override { step(); }
    void step_by(double metric) override {
        ++last_epoch_;
        if (better(metric)) {
            best_ = metric;
            bad_epochs_ = 0;
        } else {
            ++bad_epochs_;
        }
        if (cooldown_left_ > 0) {
            --cooldown_left_;
            bad_epochs_ = 0;
        }
        if (bad_epochs_ > options_.patience) {
            reduce();
            cooldown_left_ = options_.cooldown;
            bad_epochs_ = 0;
        }
        last_rates_ = present();
    }

  protected:
    std::vector<double> rates() override { return present(); }
    void check() const override {
        require(options_.factor >= 0 && options_.factor < 1, "factor must be in [0,1), got {}",
                options_.factor);
        require_one_of("mode", options_.mode, "min", "max");
        require_one_of("threshold_mode", options_.threshold_mode, "rel", "abs");
        require_at_least("patience", static_cast<double>(options_.patience), 0);
        require_at_least("cooldown", static_cast<double>(options_.cooldown), 0);
        require_finite("threshold", options_.threshold);
        require_at_least("eps", options_.eps, 0);
    }
    void visit(ScheduleState& state) override {
        state("factor", options_.factor);
        state("min_lrs", least_);
        state("patience", options_.patience);
        state("cooldown", options_.cooldown);
        state("eps", options_.eps);
        state("last_epoch", last_epoch_);
        state("_last_lr", last_rates_);
        state("mode", options_.mode);
        state("threshold", options_.threshold);
        state("threshold_mode", options_.threshold_mode);
        state("best", best_);
        state("cooldown_counter", cooldown_left_);
        state("num_bad_epochs", bad_epochs_);
    }

  private:
    double worst() const {
        const double infinity = std::numeric_limits<double>::infinity();
        return options_.mode == "max" ? -infinity : infinity;
    }
    bool better(double value) const {
        const double by = options_.threshold;
        const bool relative = options_.threshold_mode == "rel";
        return options_.mode == "min" ? value < (relative ? best_ * (1 - by) : best_ - by)
                                      : value > (relative ? best_ * (1 + by) : best_ + by);
    }
    void reduce() {
        if (one_least_) {
            least_.resize(groups().size(), least_.empty() ? 0 : least_[0]);
        }
        require(least_.size() == groups().size(),
                "min_lrs must contain one number per optimizer group ({}), got {}", groups().size(),
                least_.size());
        for (size_t i = 0; i < least_.size(); ++i) {
            double& rate = groups()[i].options.lr;
            const double lower = std::max(rate * options_.factor, least_[i]);
            rate = rate - lower > options_.eps ? lower : rate;
        }
    }

    PlateauOptions options_;
    std::vector<double> least_;
    bool one_least_;
    double best_ = 0;
    int64_t cooldown_left_ = 0, bad_epochs_ = 0;
};

}  // namespace

SchedulePtr make_sequential_lr(Optimizer& optimizer, std::vector<SchedulePtr> schedules,
                               std::vector<int64_t> milestones, int64_t last_epoch) {
    return start_schedule<SequentialLR>(last_epoch, optimizer, std::move(schedules),
                                        std::move(milestones));
}
SchedulePtr make_chained_scheduler(Optimizer& optimizer, std::vector<SchedulePtr> schedules) {
    return start_schedule<ChainedScheduler>(-1, optimizer, std::move(schedules));
}
SchedulePtr make_reduce_lr_on_plateau(Optimizer& optimizer, const PlateauOptions& options) {
    return start_schedule<ReduceLROnPlateau>(-1, optimizer, options);
}

}  // namespace hfc::optim
