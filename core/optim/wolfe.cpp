#include "optim/wolfe.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>
#include <tuple>
#include <vector>

namespace hfc::optim {
namespace {

constexpr double enough_decrease = 1e-4, enough_flatness = 0.9, least_change = 1e-9;

/// A step length that has been tried.
struct Trial {
    double length;
    Point point;
    double slope;
};

/// The minimum of the cubic through two trials, within bounds.
double cubic_minimum(const Trial& a, const Trial& b, double least, double most) {
    const double d1 = a.slope + b.slope - 3 * (a.point.loss - b.point.loss) / (a.length - b.length);
    const double square = d1 * d1 - a.slope * b.slope;
    if (!(square >= 0)) {
        return (least + most) / 2;
    }
    const double d2 = std::sqrt(square);
    const auto& [left, right] = a.length <= b.length ? std::tie(a, b) : std::tie(b, a);
    const double minimum =
        right.length - (right.length - left.length) *
                           ((right.slope + d2 - d1) / (right.slope - left.slope + 2 * d2));
    return std::min(std::max(minimum, least), most);
}

class Search {
  public:
    Search(const std::function<Point(double)>& probe, const at::Tensor& direction,
           const Point& start, double slope, double most)
        : probe_(probe), direction_(direction), start_{0, start, slope}, most_(most) {}

    LineSearchResult run(double length) {
        bracket(length);
        zoom();
        const auto& best = bracket_[low_];
        return {best.point, best.length, evaluations_};
    }

  private:
    Trial attempt(double length) {
        ++evaluations_;
        Point point = probe_(length);
        const double slope = point.gradient.dot(direction_).item<double>();
        return {length, std::move(point), slope};
    }

    bool too_high(const Trial& trial) const {
        return trial.point.loss > start_.point.loss + enough_decrease * trial.length * start_.slope;
    }
    bool flat_enough(const Trial& trial) const {
        return std::abs(trial.slope) <= -enough_flatness * start_.slope;
    }

    /// Lengthens the step until a trial is good or a good step must lie between two trials.
    void bracket(double length) {
        Trial previous = start_, trial = attempt(length);
        while (iteration_ < most_) {
            const bool rises = iteration_ > 1 && trial.point.loss >= previous.point.loss;
            if (too_high(trial) || rises) {
                bracket_ = {previous, trial};
                break;
            }
            if (flat_enough(trial)) {
                bracket_ = {trial};
                done_ = true;
                break;
            }
            if (trial.slope >= 0) {
                bracket_ = {previous, trial};
                break;
            }
            const double least = trial.length + 0.01 * (trial.length - previous.length);
            const double next = cubic_minimum(previous, trial, least, trial.length * 10);
            previous = trial;
            trial = attempt(next);
            ++iteration_;
        }
        if (iteration_ >= most_) {
            bracket_ = {start_, trial};
        }
        order();
    }

    void order() { low_ = bracket_.front().point.loss <= bracket_.back().point.loss ? 0 : 1; }

    /// Shrinks the bracket until its lower end is good.
    void zoom() {
        const double norm = direction_.abs().max().item<double>();
        bool insufficient = false;
        while (!done_ && iteration_ < most_) {
            if (std::abs(bracket_[1].length - bracket_[0].length) * norm < least_change) {
                return;
            }
            const Trial trial = attempt(next_length(insufficient));
            ++iteration_;
            place(trial);
        }
    }

    double next_length(bool& insufficient) const {
        const auto [least, most] = std::minmax(bracket_[0].length, bracket_[1].length);
        const double length = cubic_minimum(bracket_[0], bracket_[1], least, most);
        // Keeps away from the ends: two trials in a row near an end would make too little progress.
        const double margin = 0.1 * (most - least);
        if (std::min(most - length, length - least) >= margin) {
            insufficient = false;
            return length;
        }
        if (!insufficient && length < most && length > least) {
            insufficient = true;
            return length;
        }
        insufficient = false;
        return std::abs(length - most) < std::abs(length - least) ? most - margin : least + margin;
    }

    void place(const Trial& trial) {
        const size_t high = 1 - low_;
        if (too_high(trial) || trial.point.loss >= bracket_[low_].point.loss) {
            bracket_[high] = trial;
            order();
            return;
        }
        if (flat_enough(trial)) {
            done_ = true;
        } else if (trial.slope * (bracket_[high].length - bracket_[low_].length) >= 0) {
            bracket_[high] = bracket_[low_];
        }
        bracket_[low_] = trial;
    }

    const std::function<Point(double)>& probe_;
    const at::Tensor& direction_;
    const Trial start_;
    const double most_;
    std::vector<Trial> bracket_;
    size_t low_ = 0;
    int evaluations_ = 0;
    int iteration_ = 0;
    bool done_ = false;
};

}  // namespace

LineSearchResult search_strong_wolfe(const std::function<Point(double)>& probe, double length,
                                     const at::Tensor& direction, const Point& start, double slope,
                                     double most_evaluations) {
    return Search(probe, direction, start, slope, most_evaluations).run(length);
}

}  // namespace hfc::optim
