// Schedules that multiply the rate.
#include "optim/schedule_parts.h"

#include <algorithm>
#include <cmath>

namespace hfc::optim {
namespace {

/// Schedules whose factors are computed by functions that the caller passes.
class ByFunction : public Schedule {
  public:
    ByFunction(Optimizer& optimizer, std::vector<RateFactor> factors)
        : Schedule(optimizer), factors_(std::move(factors)) {
        require(factors_.size() == 1 || factors_.size() == groups().size(),
                "lr_lambda must be a function or a list with one function per group ({}), got {} "
                "functions",
                groups().size(), factors_.size());
        factors_.resize(groups().size(), factors_[0]);
    }

  protected:
    std::vector<double> times_factors(std::vector<double> rates) const {
        for (size_t i = 0; i < rates.size(); ++i) {
            rates[i] *= factors_[i](last_epoch_);
        }
        return rates;
    }
    void visit(ScheduleState& state) override {
        Schedule::visit(state);
        if (state.target() != nullptr) {
            (*state.target())["lr_lambdas"] = Json(factors_.size(), nullptr);
        }
    }

  private:
    std::vector<RateFactor> factors_;
};

class LambdaLR : public ByFunction {
  public:
    using ByFunction::ByFunction;
    std::string name() const override { return "LambdaLR"; }

  protected:
    std::vector<double> rates() override { return times_factors(base_rates_); }
};

class MultiplicativeLR : public ByFunction {
  public:
    using ByFunction::ByFunction;
    std::string name() const override { return "MultiplicativeLR"; }

  protected:
    std::vector<double> rates() override { return initial_ ? present() : times_factors(present()); }
};

class StepLR : public Schedule {
  public:
    StepLR(Optimizer& optimizer, int64_t step_size, double gamma)
        : Schedule(optimizer), step_size_(step_size), gamma_(gamma) {}
    std::string name() const override { return "StepLR"; }

  protected:
    void check() const override {
        require_at_least("step_size", static_cast<double>(step_size_), 1);
        require_at_least("gamma", gamma_, 0);
    }
    std::vector<double> rates() override {
        const bool falls = last_epoch_ != 0 && last_epoch_ % step_size_ == 0;
        return falls ? present_times(gamma_) : present();
    }
    std::vector<double> closed_rates() override {
        return base_times(std::pow(gamma_, last_epoch_ / step_size_));
    }
    void visit(ScheduleState& state) override {
        state("step_size", step_size_);
        state("gamma", gamma_);
        Schedule::visit(state);
    }

  private:
    int64_t step_size_;
    double gamma_;
};

class MultiStepLR : public Schedule {
  public:
    MultiStepLR(Optimizer& optimizer, const std::vector<int64_t>& milestones, double gamma)
        : Schedule(optimizer), gamma_(gamma) {
        for (const int64_t milestone : milestones) {
            ++milestones_[milestone];
        }
    }
    std::string name() const override { return "MultiStepLR"; }

  protected:
    void check() const override { require_at_least("gamma", gamma_, 0); }
    std::vector<double> rates() override {
        const auto passed = milestones_.find(last_epoch_);
        return passed == milestones_.end() ? present()
                                           : present_times(std::pow(gamma_, passed->second));
    }
    std::vector<double> closed_rates() override {
        int64_t passed = 0;
        for (const auto& [milestone, count] : milestones_) {
            passed += milestone <= last_epoch_ ? count : 0;
        }
        return base_times(std::pow(gamma_, passed));
    }
    void visit(ScheduleState& state) override {
        state.counts("milestones", milestones_);
        state("gamma", gamma_);
        Schedule::visit(state);
    }

  private:
    std::map<int64_t, int64_t> milestones_;
    double gamma_;
};

class ConstantLR : public Schedule {
  public:
    ConstantLR(Optimizer& optimizer, double factor, int64_t total_iters)
        : Schedule(optimizer), factor_(factor), total_iters_(total_iters) {}
    std::string name() const override { return "ConstantLR"; }

  protected:
    void check() const override {
        require(factor_ > 0 && factor_ <= 1, "factor must be in (0,1], got {}", factor_);
        require_at_least("total_iters", static_cast<double>(total_iters_), 0);
    }
    std::vector<double> rates() override {
        return last_epoch_ == 0              ? present_times(factor_)
               : last_epoch_ == total_iters_ ? present_times(1 / factor_)
                                             : present();
    }
    std::vector<double> closed_rates() override {
        return base_times(last_epoch_ >= total_iters_ ? 1 : factor_);
    }
    void visit(ScheduleState& state) override {
        state("factor", factor_);
        state("total_iters", total_iters_);
        Schedule::visit(state);
    }

  private:
    double factor_;
    int64_t total_iters_;
};

class LinearLR : public Schedule {
  public:
    LinearLR(Optimizer& optimizer, double start_factor, double end_factor, int64_t total_iters)
        : Schedule(optimizer),
          start_factor_(start_factor),
          end_factor_(end_factor),
          total_iters_(total_iters) {}
    std::string name() const override { return "LinearLR"; }

  protected:
    void check() const override {
        require(start_factor_ > 0 && start_factor_ <= 1, "start_factor must be in (0,1], got {}",
                start_factor_);
        require(end_factor_ >= 0 && end_factor_ <= 1, "end_factor must be in [0,1], got {}",
                end_factor_);
        require_at_least("total_iters", static_cast<double>(total_iters_), 1);
    }
    std::vector<double> rates() override {
        if (last_epoch_ == 0) {
            return present_times(start_factor_);
        }
        if (initial_ || last_epoch_ > total_iters_) {
            return present();
        }
        const double rise = end_factor_ - start_factor_;
        return present_times(1 + rise / (static_cast<double>(total_iters_) * start_factor_ +
                                         static_cast<double>(last_epoch_ - 1) * rise));
    }
    std::vector<double> closed_rates() override {
        return base_times(start_factor_ +
                          (end_factor_ - start_factor_) *
                              static_cast<double>(std::min(total_iters_, last_epoch_)) /
                              static_cast<double>(total_iters_));
    }
    void visit(ScheduleState& state) override {
        state("start_factor", start_factor_);
        state("end_factor", end_factor_);
        state("total_iters", total_iters_);
        Schedule::visit(state);
    }

  private:
    double start_factor_, end_factor_;
    int64_t total_iters_;
};

class ExponentialLR : public Schedule {
  public:
    ExponentialLR(Optimizer& optimizer, double gamma) : Schedule(optimizer), gamma_(gamma) {}
    std::string name() const override { return "ExponentialLR"; }

  protected:
    void check() const override { require_at_least("gamma", gamma_, 0); }
    std::vector<double> rates() override { return initial_ ? present() : present_times(gamma_); }
    std::vector<double> closed_rates() override {
        return base_times(std::pow(gamma_, last_epoch_));
    }
    void visit(ScheduleState& state) override {
        state("gamma", gamma_);
        Schedule::visit(state);
    }

  private:
    double gamma_;
};

class PolynomialLR : public Schedule {
  public:
    PolynomialLR(Optimizer& optimizer, int64_t total_iters, double power)
        : Schedule(optimizer), total_iters_(total_iters), power_(power) {}
    std::string name() const override { return "PolynomialLR"; }

  protected:
    void check() const override {
        require_at_least("total_iters", static_cast<double>(total_iters_), 1);
        require_at_least("power", power_, 0);
    }
    std::vector<double> rates() override {
        return initial_ || last_epoch_ > total_iters_
                   ? present()
                   : present_times(std::pow(left(last_epoch_) / left(last_epoch_ - 1), power_));
    }
    std::vector<double> closed_rates() override {
        return base_times(std::pow(left(std::min(total_iters_, last_epoch_)), power_));
    }
    void visit(ScheduleState& state) override {
        state("total_iters", total_iters_);
        state("power", power_);
        Schedule::visit(state);
    }

  private:
    double left(int64_t epoch) const {
        return 1 - static_cast<double>(epoch) / static_cast<double>(total_iters_);
    }

    int64_t total_iters_;
    double power_;
};

}  // namespace

SchedulePtr make_lambda_lr(Optimizer& optimizer, std::vector<RateFactor> factors,
                           int64_t last_epoch) {
    return start_schedule<LambdaLR>(last_epoch, optimizer, std::move(factors));
}
SchedulePtr make_multiplicative_lr(Optimizer& optimizer, std::vector<RateFactor> factors,
                                   int64_t last_epoch) {
    return start_schedule<MultiplicativeLR>(last_epoch, optimizer, std::move(factors));
}
SchedulePtr make_step_lr(Optimizer& optimizer, int64_t step_size, double gamma,
                         int64_t last_epoch) {
    return start_schedule<StepLR>(last_epoch, optimizer, step_size, gamma);
}
SchedulePtr make_multi_step_lr(Optimizer& optimizer, const std::vector<int64_t>& milestones,
                               double gamma, int64_t last_epoch) {
    return start_schedule<MultiStepLR>(last_epoch, optimizer, milestones, gamma);
}
SchedulePtr make_constant_lr(Optimizer& optimizer, double factor, int64_t total_iters,
                             int64_t last_epoch) {
    return start_schedule<ConstantLR>(last_epoch, optimizer, factor, total_iters);
}
SchedulePtr make_linear_lr(Optimizer& optimizer, double start_factor, double end_factor,
                           int64_t total_iters, int64_t last_epoch) {
    return start_schedule<LinearLR>(last_epoch, optimizer, start_factor, end_factor, total_iters);
}
SchedulePtr make_exponential_lr(Optimizer& optimizer, double gamma, int64_t last_epoch) {
    return start_schedule<ExponentialLR>(last_epoch, optimizer, gamma);
}
SchedulePtr make_polynomial_lr(Optimizer& optimizer, int64_t total_iters, double power,
                               int64_t last_epoch) {
    return start_schedule<PolynomialLR>(last_epoch, optimizer, total_iters, power);
}

}  // namespace hfc::optim
