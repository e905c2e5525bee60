#include "optim/schedule.h"

#include "base/error.h"

#include <algorithm>
#include <charconv>
#include <cmath>

namespace hfc::optim {

void ScheduleState::counts(const char* name, std::map<int64_t, int64_t>& value) {
    if (target_ != nullptr) {
        auto& counts = (*target_)[name] = Json::object();
        for (const auto& [milestone, count] : value) {
            counts[std::to_string(milestone)] = count;
        }
        return;
    }
    if (!source_->contains(name) || source_->at(name).is_null()) {
        return;
    }
    const Json& saved = source_->at(name);
    std::map<int64_t, int64_t> read;
    // If the milestones are 1, 2, 3, ... without a gap, the table of their counts looks like a
    // list.
    for (size_t i = 0; saved.is_array() && i < saved.size(); ++i) {
        read[static_cast<int64_t>(i) + 1] = saved[i].get<int64_t>();
    }
    if (saved.is_object()) {
        for (const auto& [key, count] : saved.items()) {
            int64_t milestone = 0;
            const auto* end = key.data() + key.size();
            const bool whole = std::from_chars(key.data(), end, milestone).ptr == end;
            require(whole, "{}: expected integers, got '{}'", name, key);
            read[milestone] = count.get<int64_t>();
        }
    }
    value = std::move(read);
}

void Schedule::start(int64_t last_epoch) {
    require(last_epoch >= -1, "last_epoch must be an integer >= -1, got {}", last_epoch);
    check();
    const bool resumed = last_epoch != -1;
    for (size_t i = 0; resumed && i < groups().size(); ++i) {
        require(groups()[i].scheduled.contains("initial_lr"),
                "last_epoch = {} requires initial_lr in param_groups[{}]: load the optimizer's "
                "state first",
                last_epoch, i + 1);
    }
    prepare(resumed);
    base_rates_.clear();
    for (auto& group : groups()) {
        base_rates_.push_back(
            group.scheduled.try_emplace("initial_lr", group.options.lr).first->second);
    }
    last_epoch_ = last_epoch;
    initial_step();
}

void Schedule::initial_step() {
    step_count_ = 0;
    initial_ = true;
    step();
    initial_ = false;
}

void Schedule::step() {
    ++step_count_;
    update(std::nullopt);
}

void Schedule::step_to(double epoch) {
    require(epoch >= 0 && epoch == std::floor(epoch), "epoch must be an integer >= 0, got {}",
            epoch);
    ++step_count_;
    update(static_cast<int64_t>(epoch));
}

void Schedule::step_by(double /*metric*/) {
    fail("{} does not accept a metric", name());
}

void Schedule::update(std::optional<int64_t> epoch) {
    require(groups().size() == base_rates_.size(),
            "the number of optimizer groups changed from {} to {} after the {} was created",
            base_rates_.size(), groups().size(), name());
    last_epoch_ = epoch.value_or(last_epoch_ + 1);
    auto values = epoch ? closed_rates() : std::vector<double>();
    set_rates(values.empty() ? rates() : values);
}

void Schedule::set_rates(const std::vector<double>& rates) {
    for (size_t i = 0; i < rates.size(); ++i) {
        require(std::isfinite(rates[i]),
                "{}: the learning rate of param_groups[{}] would become {} at epoch {}", name(),
                i + 1, rates[i], last_epoch_);
    }
    for (size_t i = 0; i < rates.size(); ++i) {
        groups()[i].options.lr = rates[i];
    }
    last_rates_ = present();
}

std::vector<double> Schedule::present() const {
    return present_times(1);
}

std::vector<double> Schedule::present_times(double factor) const {
    std::vector<double> rates;
    for (const auto& group : groups()) {
        rates.push_back(group.options.lr * factor);
    }
    return rates;
}

std::vector<double> Schedule::base_times(double factor) const {
    std::vector<double> rates = base_rates_;
    for (double& rate : rates) {
        rate *= factor;
    }
    return rates;
}

std::vector<double> Schedule::for_each_group(const char* what,
                                             const std::vector<double>& values) const {
    const size_t count = groups().size();
    require(values.size() == 1 || values.size() == count,
            "{} must be a number or a list with one number per group ({}), got {} numbers", what,
            count, values.size());
    return values.size() == count ? values : std::vector<double>(count, values[0]);
}

void Schedule::visit(ScheduleState& state) {
    state("base_lrs", base_rates_);
    state("last_epoch", last_epoch_);
    state("_step_count", step_count_);
    state("_is_initial", initial_);
    state("_last_lr", last_rates_);
}

Schedule::Json Schedule::state() {
    Json saved = Json::object();
    ScheduleState state(saved);
    visit(state);
    return saved;
}

void Schedule::load(const Json& saved) {
    const Json before = state();
    const auto take = [&](const Json& values) {
        ScheduleState state(values);
        visit(state);
    };
    try {
        take(saved);
        check();
        require(base_rates_.size() == (before.contains("base_lrs") ? groups().size() : 0),
                "the state has a different number of groups ({}) than the optimizer ({})",
                base_rates_.size(), groups().size());
    } catch (const Json::exception& error) {
        take(before);
        fail("{}: a value in the state has the wrong type ({})", name(), error.what());
    } catch (...) {
        take(before);
        throw;
    }
}

}  // namespace hfc::optim
