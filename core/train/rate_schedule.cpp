#include "train/rate_schedule.h"

#include "base/error.h"
#include "optim/one_cycle.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <numbers>

namespace hfc::train {
namespace {

using Options = RateScheduleOptions;

/// The completed fraction of the epochs after the warm-up, in [0,1].
double progress(const Options& options, const Moment& moment) {
    const auto all = static_cast<double>(moment.epochs) - options.warmup;
    return all > 0 ? std::clamp((moment.epoch() - options.warmup) / all, 0.0, 1.0) : 1;
}

struct ScheduleKind {
    std::string name;
    bool needs_epochs;  ///< it depends on the number of epochs
    std::function<double(const Options&, const Moment&)> factor;
    /// Empty if the momentum does not change.
    std::function<double(const Options&, const Moment&)> momentum = {};
};

optim::OneCycle::Setting one_cycle(const Options& options, const Moment& moment) {
    return optim::OneCycle(1, moment.steps_per_epoch * moment.epochs, options.pct_start)
        .at(moment.step);
}

const std::vector<ScheduleKind>& schedule_kinds() {
    static const std::vector<ScheduleKind> all = {
        {"constant", false, [](const Options&, const Moment&) { return 1.0; }},
        {"cosine", true,
         [](const Options& o, const Moment& moment) {
             const auto wave = std::cos(std::numbers::pi * progress(o, moment));
             return o.least + (1 - o.least) * (1 + wave) / 2;
         }},
        {"linear", true,
         [](const Options& o, const Moment& moment) {
             return 1 + (o.least - 1) * progress(o, moment);
         }},
        {"step", false,
         [](const Options& o, const Moment& moment) {
             return std::pow(o.gamma, std::floor(moment.epoch() / static_cast<double>(o.size)));
         }},
        {"multistep", false,
         [](const Options& o, const Moment& moment) {
             const auto passed = std::ranges::count_if(
                 o.milestones, [&](double milestone) { return moment.epoch() >= milestone; });
             return std::pow(o.gamma, static_cast<double>(passed));
         }},
        {"exponential", false,
         [](const Options& o, const Moment& moment) {
             return std::pow(o.gamma, std::floor(moment.epoch()));
         }},
        {"one_cycle", true,
         [](const Options& o, const Moment& moment) { return one_cycle(o, moment).lr; },
         [](const Options& o, const Moment& moment) { return one_cycle(o, moment).momentum; }},
    };
    return all;
}

class Named : public RateSchedule {
  public:
    Named(const ScheduleKind& kind, Options options) : kind_(kind), options_(std::move(options)) {}

    double factor(const Moment& moment) const override {
        // The first step has a rate above 0; the last step of the warm-up has the full rate.
        const auto steps = options_.warmup * static_cast<double>(moment.steps_per_epoch);
        const auto rising = steps > 0 ? (static_cast<double>(moment.step) + 1) / steps : 1;
        return std::min(rising, 1.0) * kind_.factor(options_, moment);
    }

    std::optional<double> momentum(const Moment& moment) const override {
        return kind_.momentum ? std::optional(kind_.momentum(options_, moment)) : std::nullopt;
    }

    checkpoint::Json describe(int64_t epochs) const override {
        checkpoint::Json json = {{"name", options_.name},   {"warmup", options_.warmup},
                                 {"least", options_.least}, {"gamma", options_.gamma},
                                 {"size", options_.size},   {"milestones", options_.milestones}};
        if (kind_.needs_epochs) {
            json["epochs"] = epochs;
        }
        if (options_.name == "one_cycle") {
            json["pct_start"] = options_.pct_start;
        }
        return json;
    }

  private:
    const ScheduleKind& kind_;
    Options options_;
};

void require_valid(const Options& options) {
    require(std::isfinite(options.warmup) && options.warmup >= 0,
            "warmup must be a number of epochs >= 0, got {}", options.warmup);
    require(options.name != "one_cycle" || options.warmup == 0,
            "one_cycle has its own warm-up (pct_start), so warmup must be 0, got {}",
            options.warmup);
    require(options.pct_start > 0 && options.pct_start < 1,
            "pct_start must be a fraction above 0 and below 1, got {}", options.pct_start);
    require(options.least >= 0 && options.least <= 1, "'least' must be a factor in [0,1], got {}",
            options.least);
    require(std::isfinite(options.gamma) && options.gamma > 0,
            "gamma must be a finite number above 0, got {}", options.gamma);
    require(options.size >= 1, "'size' must be at least 1 epoch, got {}", options.size);
    require(options.name != "multistep" || !options.milestones.empty(),
            "multistep requires milestones = {{epoch, ...}}");
    require(std::ranges::is_sorted(options.milestones, std::ranges::less_equal()),
            "milestones must be in ascending order, got {}", fmt::join(options.milestones, ", "));
}

}  // namespace

const std::vector<std::string>& known_rate_schedules() {
    static const auto names = [] {
        std::vector<std::string> all;
        std::ranges::transform(schedule_kinds(), std::back_inserter(all), &ScheduleKind::name);
        return all;
    }();
    return names;
}

RateSchedulePtr make_rate_schedule(const RateScheduleOptions& options) {
    const auto kind = std::ranges::find(schedule_kinds(), options.name, &ScheduleKind::name);
    require(kind != schedule_kinds().end(), "unknown schedule '{}'{}: expected {} or a function",
            options.name, did_you_mean(options.name, known_rate_schedules()),
            fmt::join(known_rate_schedules(), ", "));
    require_valid(options);
    return std::make_shared<Named>(*kind, options);
}

}  // namespace hfc::train
