// Schedules that follow a curve towards another rate.
#include "optim/schedule_parts.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace hfc::optim {
namespace {

class CosineAnnealingLR : public Schedule {
  public:
    CosineAnnealingLR(Optimizer& optimizer, double t_max, double eta_min)
        : Schedule(optimizer), t_max_(t_max), eta_min_(eta_min) {}
    std::string name() const override { return "CosineAnnealingLR"; }

  protected:
    void check() const override {
        require(std::isfinite(t_max_) && t_max_ > 0, "T_max must be a number above 0, got {}",
                t_max_);
        require_finite("eta_min", eta_min_);
    }
    std::vector<double> rates() override {
        if (initial_) {
            return present();
        }
        const auto epoch = static_cast<double>(last_epoch_);
        if (step_count_ == 1 && last_epoch_ > 0) {
            return closed_rates();
        }
        std::vector<double> rates = present();
        // At the minimum, the quotient of the cosines is 0 / 0.
        const bool bottom = std::fmod(epoch - 1 - t_max_, 2 * t_max_) == 0;
        const double rise = (1 - std::cos(std::numbers::pi / t_max_)) / 2;
        const double quotient = height(epoch) / height(epoch - 1);
        for (size_t i = 0; i < rates.size(); ++i) {
            rates[i] = bottom ? rates[i] + (base_rates_[i] - eta_min_) * rise
                              : quotient * (rates[i] - eta_min_) + eta_min_;
        }
        return rates;
    }
    std::vector<double> closed_rates() override {
        std::vector<double> rates = base_rates_;
        for (double& rate : rates) {
            rate = eta_min_ + (rate - eta_min_) * height(static_cast<double>(last_epoch_)) / 2;
        }
        return rates;
    }
    void visit(ScheduleState& state) override {
        state("T_max", t_max_);
        state("eta_min", eta_min_);
        Schedule::visit(state);
    }

  private:
    double height(double epoch) const { return 1 + std::cos(std::numbers::pi * epoch / t_max_); }

    double t_max_, eta_min_;
};

class CosineAnnealingWarmRestarts : public Schedule {
  public:
    CosineAnnealingWarmRestarts(Optimizer& optimizer, int64_t t_0, int64_t t_mult, double eta_min,
                                int64_t last_epoch)
        : Schedule(optimizer),
          t_0_(t_0),
          t_mult_(t_mult),
          t_i_(static_cast<double>(t_0)),
          eta_min_(eta_min),
          t_cur_(static_cast<double>(last_epoch)) {}
    std::string name() const override { return "CosineAnnealingWarmRestarts"; }

    void step() override {
        if (last_epoch_ < 0) {
            step_to(0);
            return;
        }
        ++t_cur_;
        if (t_cur_ >= t_i_) {
            t_cur_ = std::fmod(t_cur_, t_i_);
            t_i_ *= static_cast<double>(t_mult_);
        }
        ++last_epoch_;
        set_rates(rates());
    }
    void step_to(double epoch) override {
        require_at_least("epoch", epoch, 0);
        const auto first = static_cast<double>(t_0_), factor = static_cast<double>(t_mult_);
        t_i_ = first;
        t_cur_ = epoch;
        if (epoch >= first && t_mult_ == 1) {
            t_cur_ = std::fmod(epoch, first);
        } else if (epoch >= first) {
            const double done =
                std::floor(std::log(epoch / first * (factor - 1) + 1) / std::log(factor));
            t_cur_ = epoch - first * (std::pow(factor, done) - 1) / (factor - 1);
            t_i_ = first * std::pow(factor, done);
        }
        last_epoch_ = static_cast<int64_t>(std::floor(epoch));
        set_rates(rates());
    }

  protected:
    void check() const override {
        require_at_least("T_0", static_cast<double>(t_0_), 1);
        require_at_least("T_mult", static_cast<double>(t_mult_), 1);
        require_at_least("T_i", t_i_, 1);
        require_finite("eta_min", eta_min_);
    }
    std::vector<double> rates() override {
        std::vector<double> rates = base_rates_;
        for (double& rate : rates) {
            rate =
                eta_min_ + (rate - eta_min_) * (1 + std::cos(std::numbers::pi * t_cur_ / t_i_)) / 2;
        }
        return rates;
    }
    void visit(ScheduleState& state) override {
        state("T_0", t_0_);
        state("T_i", t_i_);
        state("T_mult", t_mult_);
        state("eta_min", eta_min_);
        state("T_cur", t_cur_);
        Schedule::visit(state);
    }

  private:
    int64_t t_0_, t_mult_;
    double t_i_, eta_min_, t_cur_;
};

class SWALR : public Schedule {
  public:
    SWALR(Optimizer& optimizer, const SwaOptions& options)
        : Schedule(optimizer), options_(options) {
        options_.swa_lr = for_each_group("swa_lr", options_.swa_lr);
    }
    std::string name() const override { return "SWALR"; }

  protected:
    void check() const override {
        require_one_of("anneal_strategy", options_.anneal_strategy, "cos", "linear");
        require_at_least("anneal_epochs", static_cast<double>(options_.anneal_epochs), 0);
    }
    void prepare(bool /*resumed*/) override {
        for (size_t i = 0; i < groups().size(); ++i) {
            groups()[i].scheduled["swa_lr"] = options_.swa_lr[i];
        }
    }
    std::vector<double> rates() override {
        auto step = static_cast<double>(step_count_ - 1);
        step = options_.anneal_epochs == 0 ? std::max(1.0, step) : step;
        const double before = passed(step - 1), now = passed(step);
        std::vector<double> rates = present();
        for (size_t i = 0; i < rates.size(); ++i) {
            const double last = groups()[i].scheduled.at("swa_lr");
            const double first = before == 1 ? last : (rates[i] - before * last) / (1 - before);
            rates[i] = last * now + first * (1 - now);
        }
        return rates;
    }
    void visit(ScheduleState& state) override {
        state("anneal_epochs", options_.anneal_epochs);
        state("_anneal_strategy", options_.anneal_strategy);
        Schedule::visit(state);
    }

  private:
    double passed(double step) const {
        const double part =
            std::clamp(step / std::max(1.0, static_cast<double>(options_.anneal_epochs)), 0.0, 1.0);
        return options_.anneal_strategy == "linear" ? part
                                                    : (1 - std::cos(std::numbers::pi * part)) / 2;
    }

    SwaOptions options_;
};

}  // namespace

SchedulePtr make_cosine_annealing_lr(Optimizer& optimizer, double T_max, double eta_min,
                                     int64_t last_epoch) {
    return start_schedule<CosineAnnealingLR>(last_epoch, optimizer, T_max, eta_min);
}
SchedulePtr make_cosine_annealing_warm_restarts(Optimizer& optimizer, int64_t T_0, int64_t T_mult,
                                                double eta_min, int64_t last_epoch) {
    return start_schedule<CosineAnnealingWarmRestarts>(last_epoch, optimizer, T_0, T_mult, eta_min,
                                                       last_epoch);
}
SchedulePtr make_swa_lr(Optimizer& optimizer, const SwaOptions& options, int64_t last_epoch) {
    return start_schedule<SWALR>(last_epoch, optimizer, options);
}

}  // namespace hfc::optim
